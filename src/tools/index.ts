/** The tools, in the order in which tools/list lists them. */

import { answerInvitationTool } from "./answer-invitation.ts";
import { createMailboxTool } from "./create-mailbox.ts";
import { decideApprovalTool } from "./decide-approval.ts";
import type { Tool } from "./define-tool.ts";
import { deleteEmailTool } from "./delete-email.ts";
import { draftEmailTool } from "./draft-email.ts";
import { flagEmailTool } from "./flag-email.ts";
import { getAttachmentTool } from "./get-attachment.ts";
import { getEmailTool } from "./get-email.ts";
import { getRecentEmailsTool } from "./get-recent-emails.ts";
import { getThreadTool } from "./get-thread.ts";
import { listMailboxesTool } from "./list-mailboxes.ts";
import { listProvidersTool } from "./list-providers.ts";
import { markAsReadTool } from "./mark-as-read.ts";
import { moveEmailTool } from "./move-email.ts";
import { overviewTool } from "./overview.ts";
import { requestUploadTool } from "./request-upload.ts";
import { searchEmailsTool } from "./search-emails.ts";
import { sendEmailTool } from "./send-email.ts";
import { undoTool } from "./undo.ts";
import { unsubscribeTool } from "./unsubscribe.ts";

export const tools: readonly Tool[] = [
  listMailboxesTool,
  overviewTool,
  getRecentEmailsTool,
  searchEmailsTool,
  getEmailTool,
  getThreadTool,
  getAttachmentTool,
  listProvidersTool,
  draftEmailTool,
  sendEmailTool,
  markAsReadTool,
  flagEmailTool,
  moveEmailTool,
  deleteEmailTool,
  createMailboxTool,
  requestUploadTool,
  undoTool,
  answerInvitationTool,
  unsubscribeTool,
  decideApprovalTool,
];
