import { z } from "zod";
import { AppError, quoted } from "../errors.ts";
import type { EmailPreview, MailAccount } from "../mail/mail-account.ts";
import type { HeldAction } from "./context.ts";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine } from "./fence.ts";
import { approval, describeApproval, toApproval } from "./held-action.ts";
import {
  chooseSender,
  deleteUploads,
  type EmailFields,
  emailFields,
  preview,
  showPreview,
  toEmailRequest,
  toPreview,
  uploadsOf,
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
    "Sends an email once and files one copy in Sent: a draft by draft_id, or what draft_email takes. The same idempotency_key, or the same email within ten minutes, is not sent twice. Show the person what goes to whom first. It may wait for the person, who decides at the link in the answer.",
  effect: "send",
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
    if (!account.canSend)
      throw new AppError("not_supported", "This account was connected without sending.", {
        hint: "Connect it again with its SMTP server.",
      });
    const { idempotency_key, ...request } = input;
    let shown: EmailPreview | undefined;
    const result = await context.sendLog.sendOnce(
      {
        accountId: account.accountId,
        key: idempotency_key,
        request: JSON.stringify(request),
        parse: (stored) => sentAnswer.parse(stored),
        findHeld: (identity) => context.approvals.find(identity),
      },
      async () => {
        const composed = await account.compose(await toEmailRequest(input, context));
        if (composed.recipients.length === 0)
          throw new AppError("invalid_input", "The email has no recipient.", {
            hint: "Name at least one in `to`.",
          });
        if (!isUnchangedDraft(input)) shown = composed.preview;
        const prepared = { content: composed.content, recipients: composed.recipients.length };
        if (await context.approvals.holdsEmail(account, composed.recipients)) {
          const { draft_id: draftId } = input;
          const uploads = uploadsOf(input);
          return {
            ...prepared,
            hold: (identity) =>
              context.approvals.holdEmail({ kind: "send", account, composed, draftId, uploads }, identity),
          };
        }
        return {
          ...prepared,
          async send() {
            const sent = await account.send(composed, input.draft_id);
            deleteUploads(input, context);
            return toSentAnswer(sent);
          },
        };
      },
    );
    if ("held" in result) return { ...toHeldAnswer(result.held), preview: shown && toPreview(shown) };
    const { answer, sentBeforeAt } = result;
    return {
      ...answer,
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

function toSentAnswer({
  messageId,
  accepted,
  refused,
  copyIn,
  warnings,
}: Awaited<ReturnType<MailAccount["send"]>>): z.output<typeof sentAnswer> {
  return { message_id: messageId, accepted, refused, copy_in: copyIn, warnings };
}

/** The outcome of a decision, as approvals keep it. */
const heldAnswer = z.object({
  messageId: z.string(),
  accepted: z.array(z.string()),
  refused: z.array(z.object({ address: z.string(), problem: z.string() })),
  copyIn: z.string().optional(),
  warnings: z.array(z.string()),
});

function toHeldAnswer(held: HeldAction) {
  const sent = heldAnswer.safeParse(held.answer);
  return { approval: toApproval(held), ...(sent.success ? toSentAnswer(sent.data) : undefined) };
}

type SentFacts = Partial<z.output<typeof sentAnswer>> & {
  accepted: string[];
  sent_before_at?: string | undefined;
};

function describeSent(sent: SentFacts): string[] {
  const { accepted, refused = [], message_id, copy_in, sent_before_at } = sent;
  return [
    describeSend(sent_before_at, refused.length),
    `Accepted for: ${accepted.join(", ")}`,
    ...refused.map(({ address, problem }) => `NOT sent to ${address}: it ${problem}.`),
    `Message-ID: ${message_id}`,
    ...(copy_in ? [`The copy is in ${quoted(copy_in)}.`] : []),
  ];
}

function describeSend(sentBeforeAt: string | undefined, refused: number): string {
  if (sentBeforeAt) return `The same email was sent at ${sentBeforeAt} already; it was not sent again.`;
  return refused > 0 ? "Sent, but not to everybody." : "Sent.";
}
