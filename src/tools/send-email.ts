import { z } from "zod";
import { AppError, quoted } from "../errors.ts";
import type { Preview } from "../mail/mail-account.ts";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine } from "./fence.ts";
import {
  chooseSender,
  type EmailFields,
  emailFields,
  preview,
  showPreview,
  spendUploads,
  toPreview,
  toRequest,
} from "./outgoing.ts";

/** A draft was shown when it was saved; it need not be shown again. */
const isDraftAsItStands = ({ draft_id, to, cc, bcc, subject, body, attachments }: EmailFields) =>
  draft_id !== undefined && [to, cc, bcc, subject, body, attachments].every((field) => field === undefined);

/** What is kept of an answer, sealed, to be given again: no subject and no text. */
const kept = z.object({
  message_id: z.string(),
  accepted: z.array(mailLine()),
  refused: z.array(z.object({ address: mailLine(), problem: z.string() })),
  copy_in: mailLine().optional(),
  warnings: z.array(z.string()),
});

export const sendEmail = defineTool({
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
    ...kept.shape,
    sent_before_at: z.string().optional(),
    preview: preview.optional(),
  }),
  async run(input, context) {
    const account = chooseSender(input, context);
    if (!account.canSend)
      throw new AppError("not_supported", "This account was connected without sending.", {
        hint: "Connect it again with its SMTP server.",
      });
    const { idempotency_key, ...asked } = input;
    let shown: Preview | undefined;
    const { answer, sentBeforeAt } = await context.sendLog.sendOnce(
      {
        accountId: account.accountId,
        key: idempotency_key,
        request: JSON.stringify(asked),
        parse: (answer) => kept.parse(answer),
      },
      async () => {
        const composed = await account.compose(await toRequest(input, context));
        if (composed.recipients.length === 0)
          throw new AppError("invalid_input", "The email has no recipient.", {
            hint: "Name at least one in `to`.",
          });
        return {
          content: composed.content,
          recipients: composed.recipients.length,
          async send() {
            const { messageId, accepted, refused, copyIn, warnings } = await account.send(
              composed,
              input.draft_id,
            );
            if (!isDraftAsItStands(input)) shown = composed.preview;
            spendUploads(input, context);
            return {
              message_id: messageId,
              accepted,
              refused,
              warnings,
              ...(copyIn === undefined ? {} : { copy_in: copyIn }),
            };
          },
        };
      },
    );
    return {
      ...answer,
      ...(sentBeforeAt === undefined ? {} : { sent_before_at: new Date(sentBeforeAt).toISOString() }),
      ...(shown ? { preview: toPreview(shown) } : {}),
    };
  },
  render: (sent, fence) =>
    [
      sent.sent_before_at
        ? `The same email was sent at ${sent.sent_before_at} already; it was not sent again.`
        : sent.refused.length > 0
          ? "Sent, but not to everybody."
          : "Sent.",
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
