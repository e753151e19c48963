import { z } from "zod";
import { quoted } from "../errors.ts";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine } from "./fence.ts";
import { maySend } from "./held-action.ts";
import {
  chooseSender,
  deleteUploads,
  emailFields,
  preview,
  showPreview,
  toEmailRequest,
  toPreview,
} from "./outgoing.ts";

const mayBeSent =
  "Once the person agrees, send it with send_email and this draft_id. Change it with draft_email.";
const mayNotBeSent =
  "This connection may not send it: the person can, from their mail program. Change it with draft_email.";
const idUnknown = "The mail server did not return the draft's id; find it with get_recent_emails in drafts.";

export const draftEmailTool = defineTool({
  name: "draft_email",
  title: "Draft an email",
  description:
    "Saves an email in Drafts and shows it. For a reply or forward give the email's id: recipients, subject, thread and quote are computed; a forward keeps its attachments unless attachments is given ([]: none). With draft_id it replaces that draft and keeps what is not given.",
  effect: "write",
  input: z.object({
    ...emailFields,
    draft_id: z.string().max(1500).optional().describe("Draft to replace"),
  }),
  output: mailAnswer({
    draft_id: z.string().optional(),
    mailbox: mailLine(),
    preview,
    /** False when only the person can send it, in a mail program. */
    can_send: z.boolean().optional(),
    notes: z.array(z.string()),
  }),
  async run(input, context) {
    const account = chooseSender(input, context);
    const composed = await account.compose(await toEmailRequest(input, context));
    const { id, mailbox, notes } = await account.saveDraft(composed, input.draft_id);
    await deleteUploads(input, context);
    const can_send = account.canSend && maySend(context.grant.level);
    return { draft_id: id, mailbox, preview: toPreview(composed.preview), can_send, notes };
  },
  render({ draft_id, mailbox, preview: email, can_send, notes }, fence) {
    const recipients = email.to.length + email.cc.length + email.bcc.length;
    return [
      `Saved in ${quoted(mailbox)}, not sent. It will look like this, formatted where HTML is shown:`,
      fence(showPreview(email)),
      ...notes,
      ...(recipients === 0 ? ["It has no recipient yet."] : []),
      draft_id === undefined ? idUnknown : `draft_id: ${draft_id}\n${can_send ? mayBeSent : mayNotBeSent}`,
    ].join("\n");
  },
  audit: () => ({ count: 1 }),
});
