/** Sending as every tool does it: once, counted, and only with the person's approval where that is needed. */
import { z } from "zod";
import { AppError, quoted } from "../errors.ts";
import type { ComposedEmail, MailAccount } from "../mail/mail-account.ts";
import type { HeldAction, ToolContext } from "./context.ts";
import { mailLine } from "./fence.ts";
import { toApproval } from "./held-action.ts";

/** The answer kept in the send log, to be given again: no subject and no text. */
export const sentAnswer = z.object({
  message_id: z.string(),
  accepted: z.array(mailLine()),
  refused: z.array(z.object({ address: mailLine(), problem: z.string() })),
  copy_in: mailLine().optional(),
  warnings: z.array(z.string()),
});

type Submission = {
  account: MailAccount;
  kind: "send" | "answer" | "unsubscribe";
  /** The caller's idempotency key. */
  key?: string | undefined;
  /** The request as one string: the same string is the same request. */
  request: string;
  /** The draft that is removed once it is sent, and the uploads that are part of the email. */
  draftId?: string | undefined;
  uploads?: readonly string[];
};

/** An email to send. `notes`: sentences for the person's page. `canGo` false: it may go out with their approval alone. */
type Prepared = { composed: ComposedEmail; notes?: string[]; canGo?: boolean };

/** The outcome: sent now or before, or waiting for the person. */
type Submitted = { sent: z.output<typeof sentAnswer>; sentBeforeAt?: number } | { held: HeldAction };

/**
 * Sends the email that `prepare` makes, once. Throws maybe_sent, rate_limited, not_supported for an account without
 * sending, invalid_input for an email without recipients, and what `prepare` and the mail server's refusal throw.
 */
export async function submitOnce(
  context: ToolContext,
  { account, kind, key, request, draftId, uploads = [] }: Submission,
  prepare: () => Promise<Prepared>,
): Promise<Submitted> {
  if (!account.canSend)
    throw new AppError("not_supported", "This account was connected without sending.", {
      hint: "Connect it again with its SMTP server.",
    });
  const result = await context.sendLog.sendOnce(
    {
      accountId: account.accountId,
      key,
      request,
      parse: (stored) => sentAnswer.parse(stored),
      findHeld: (identity, tx) => context.approvals.find(identity, tx),
    },
    async () => {
      const { composed, notes, canGo = true } = await prepare();
      if (composed.recipients.length === 0)
        throw new AppError("invalid_input", "The email has no recipient.", {
          hint: "Name at least one in `to`.",
        });
      const prepared = { content: composed.content, recipients: composed.recipients.length };
      if (!canGo || (await context.approvals.holdsEmail(account, composed.recipients)))
        return {
          ...prepared,
          hold: (identity, tx) =>
            context.approvals.holdEmail({ kind, account, composed, draftId, uploads, notes }, identity, tx),
        };
      return {
        ...prepared,
        async send() {
          const sent = await account.send(composed, draftId);
          for (const upload of uploads) await context.uploads.remove(upload);
          return toSentAnswer(sent);
        },
      };
    },
  );
  return "held" in result ? result : { sent: result.answer, sentBeforeAt: result.sentBeforeAt };
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

export function toHeldAnswer(held: HeldAction) {
  const sent = heldAnswer.safeParse(held.answer);
  return { approval: toApproval(held), ...(sent.success ? toSentAnswer(sent.data) : undefined) };
}

type SentFacts = Partial<z.output<typeof sentAnswer>> & {
  accepted: string[];
  sent_before_at?: string | undefined;
};

export function describeSent(sent: SentFacts): string[] {
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
