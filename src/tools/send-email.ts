import { z } from "zod";
import { AppError, quoted } from "../errors.ts";
import type { EmailPreview, MailAccount } from "../mail/mail-account.ts";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine } from "./fence.ts";
import {
  chooseSender,
  deleteUploads,
  type EmailFields,
  emailFields,
  preview,
  showPreview,
  toEmailRequest,
  toPreview,
} from "./outgoing.ts";

/** The answer kept in the send log, to be given again: no subject and no text. */
const sentAnswer = z.object({
  message_id: z.string(),
  accepted: z.array(mailLine()),
  refused: z.array(z.object({ address: mailLine(), problem: z.string() })),
  copy_in: mailLine().optional(),
  warnings: z.array(z.string()),
});

export const sendEmailTool = defineTool({
  name: "send_email",
  title: "Send an email",
  description:
    "Sends an email once and files one copy in Sent: a draft by draft_id, or what draft_email takes. The same idempotency_key, or the same email within ten minutes, is not sent twice. Show the person what goes to whom first.",
  effect: "send",
  idempotent: true,
  input: z.object({
    ...emailFields,
    draft_id: z.string().max(1500).optional().describe("Draft to send"),
    idempotency_key: z.string().min(1).max(200).optional().describe("Your own id for this email"),
  }),
  output: mailAnswer({
    ...sentAnswer.shape,
    sent_before_at: z.string().optional(),
    preview: preview.optional(),
  }),
  async run(input, context) {
    const account = chooseSender(input, context);
    if (!account.canSend)
      throw new AppError("not_supported", "This account was connected without sending.", {
        hint: "Connect it again with its SMTP server.",
      });
    const { idempotency_key, ...request } = input;
    let shown: EmailPreview | undefined;
    const { answer, sentBeforeAt } = await context.sendLog.sendOnce(
      {
        accountId: account.accountId,
        key: idempotency_key,
        request: JSON.stringify(request),
        parse: (stored) => sentAnswer.parse(stored),
      },
      async () => {
        const composed = await account.compose(await toEmailRequest(input, context));
        if (composed.recipients.length === 0)
          throw new AppError("invalid_input", "The email has no recipient.", {
            hint: "Name at least one in `to`.",
          });
        return {
          content: composed.content,
          recipients: composed.recipients.length,
          async send() {
            const sent = await account.send(composed, input.draft_id);
            if (!isUnchangedDraft(input)) shown = composed.preview;
            deleteUploads(input, context);
            return toSentAnswer(sent);
          },
        };
      },
    );
    return {
      ...answer,
      sent_before_at: sentBeforeAt === undefined ? undefined : new Date(sentBeforeAt).toISOString(),
      preview: shown && toPreview(shown),
    };
  },
  render: (sent, fence) =>
    [
      describeSend(sent),
      `Accepted for: ${sent.accepted.join(", ")}`,
      ...sent.refused.map(({ address, problem }) => `NOT sent to ${address}: it ${problem}.`),
      `Message-ID: ${sent.message_id}`,
      ...(sent.copy_in ? [`The copy is in ${quoted(sent.copy_in)}.`] : []),
      ...sent.warnings,
      ...(sent.preview ? [fence(showPreview(sent.preview))] : []),
    ].join("\n"),
  audit: ({ accepted, refused, message_id }) => ({
    count: accepted.length,
    failed: refused.length,
    messageId: message_id,
  }),
});

/** An unchanged draft needs no preview: it was shown when it was saved. */
function isUnchangedDraft({ draft_id, to, cc, bcc, subject, body, attachments }: EmailFields): boolean {
  return (
    draft_id !== undefined && [to, cc, bcc, subject, body, attachments].every((field) => field === undefined)
  );
}

function toSentAnswer({
  messageId,
  accepted,
  refused,
  copyIn,
  warnings,
}: Awaited<ReturnType<MailAccount["send"]>>): z.output<typeof sentAnswer> {
  return { message_id: messageId, accepted, refused, copy_in: copyIn, warnings };
}

function describeSend({
  sent_before_at,
  refused,
}: {
  sent_before_at?: string | undefined;
  refused: unknown[];
}) {
  if (sent_before_at) return `The same email was sent at ${sent_before_at} already; it was not sent again.`;
  return refused.length > 0 ? "Sent, but not to everybody." : "Sent.";
}
