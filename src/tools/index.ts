/** What Claude can do, in the order it is listed. */

import { createMailbox } from "./create-mailbox.ts";
import type { Tool } from "./define-tool.ts";
import { deleteEmail } from "./delete-email.ts";
import { draftEmail } from "./draft-email.ts";
import { flagEmail } from "./flag-email.ts";
import { getAttachment } from "./get-attachment.ts";
import { getEmail } from "./get-email.ts";
import { getRecentEmails } from "./get-recent-emails.ts";
import { getThread } from "./get-thread.ts";
import { listMailboxes } from "./list-mailboxes.ts";
import { listProviders } from "./list-providers.ts";
import { markAsRead } from "./mark-as-read.ts";
import { moveEmail } from "./move-email.ts";
import { requestUpload } from "./request-upload.ts";
import { searchEmails } from "./search-emails.ts";
import { sendEmail } from "./send-email.ts";
import { undo } from "./undo.ts";

export const tools: readonly Tool[] = [
  listMailboxes,
  getRecentEmails,
  searchEmails,
  getEmail,
  getThread,
  getAttachment,
  listProviders,
  draftEmail,
  sendEmail,
  markAsRead,
  flagEmail,
  moveEmail,
  deleteEmail,
  createMailbox,
  requestUpload,
  undo,
];
