import { z } from "zod";
import type { EmailPreview } from "../mail/mail-account.ts";
import { defineTool } from "./define-tool.ts";
import { mailAnswer } from "./fence.ts";
import { approval, describeApproval } from "./held-action.ts";
import {
  chooseSender,
  type EmailFields,
  emailFields,
  preview,
  showPreview,
  toEmailRequest,
  toPreview,
  uploadsOf,
} from "./outgoing.ts";
import { describeSent, sentAnswer, submitOnce, toHeldAnswer } from "./submit.ts";

export const sendEmailTool = defineTool({
  name: "send_email",
  title: "Send an email",
  description:
    "Sends an email once and files one copy in Sent: a draft by draft_id, or what draft_email takes. The same idempotency_key, or the same email within ten minutes, is not sent twice. Show the person what goes to whom first. It may wait for the person, who decides at the link in the answer.",
  effect: "send",
  showsCard: true,
  idempotent: true,
  input: z.object({
    ...emailFields,
    draft_id: z.string().max(1500).optional().describe("Draft to send"),
    idempotency_key: z.string().min(1).max(200).optional().describe("Your own id for this email"),
  }),
  output: mailAnswer({
    ...sentAnswer.partial().shape,
    approval: approval.optional(),
    sent_before_at: z.string().optional(),
    preview: preview.optional(),
  }),
  async run(input, context) {
    const account = chooseSender(input, context);
    const { idempotency_key: key, ...request } = input;
    let shown: EmailPreview | undefined;
    const submission = {
      account,
      kind: "send" as const,
      key,
      request: JSON.stringify(request),
      draftId: input.draft_id,
      uploads: uploadsOf(input),
    };
    const result = await submitOnce(context, submission, async () => {
      const composed = await account.compose(await toEmailRequest(input, context));
      if (!isUnchangedDraft(input)) shown = composed.preview;
      return { composed };
    });
    if ("held" in result) return { ...toHeldAnswer(result.held), preview: shown && toPreview(shown) };
    const { sent, sentBeforeAt } = result;
    return {
      ...sent,
      sent_before_at: sentBeforeAt === undefined ? undefined : new Date(sentBeforeAt).toISOString(),
      preview: shown && toPreview(shown),
    };
  },
  render: (sent, fence) =>
    [
      ...(sent.approval ? [describeApproval(sent.approval)] : []),
      ...(sent.accepted ? describeSent({ ...sent, accepted: sent.accepted }) : []),
      ...(sent.warnings ?? []),
      ...(sent.preview ? [fence(showPreview(sent.preview))] : []),
    ].join("\n"),
  audit: ({ accepted, refused, message_id }) => ({
    count: accepted?.length ?? 0,
    failed: refused?.length ?? 0,
    messageId: message_id,
  }),
});

/** An unchanged draft needs no preview: it was shown when it was saved. */
function isUnchangedDraft({ draft_id, to, cc, bcc, subject, body, attachments }: EmailFields): boolean {
  return (
    draft_id !== undefined && [to, cc, bcc, subject, body, attachments].every((field) => field === undefined)
  );
}
