/**
 * Carries out a person's decision, once. The action is what was frozen; what has changed since (a draft, an upload, the
 * original) does not matter.
 */
import { z } from "zod";
import type { Vault } from "../accounts/vault.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { type Log, toErrorFields } from "../log.ts";
import type { MailAccount, OrganizeResult } from "../mail/mail-account.ts";
import { toStorageError } from "../storage-error.ts";
import {
  type Action,
  type EmailAction,
  type EraseAction,
  type OneClickAction,
  selectEmails,
  thawEmail,
} from "./action.ts";
import type { ApprovalIdentity, ApprovalState } from "./approval-store.ts";
import type { Approvals, OpenedApproval } from "./approvals.ts";

export type Decision = "send" | "edit" | "decline";

/**
 * The proof that the person decides: the browser in which they connected, an app password typed just now, a passkey, a
 * sign-in at the issuer, or the card in the conversation.
 */
export type ProofOrigin = "cookie" | "password" | "passkey" | "issuer" | "card";

/** The state after a decision. */
export type Decided = {
  state: ApprovalState;
  /** Why it was not done. */
  problem?: AppError;
};

export type Decide = ReturnType<typeof createDecide>;

type SendLog = {
  sendHeld<Answer>(
    held: {
      email: ApprovalIdentity & { contentHash: string };
      accountId: string;
      recipients: number;
    },
    send: () => Promise<Answer>,
  ): Promise<Answer>;
};

type UndoLog = {
  take(id: string): Promise<{ id: string; accountId: string; changes: OrganizeResult["changes"] }>;
  putBack(id: string, changes: OrganizeResult["changes"]): Promise<void>;
  record(operation: {
    accountId: string;
    tool: string;
    changes: OrganizeResult["changes"];
    erased: number;
  }): Promise<{ id?: string }>;
};

export type DecideDeps = {
  approvals: Approvals;
  vault: Pick<Vault, "withAccounts">;
  stores(grant: LiveGrant): {
    sendLog: SendLog;
    undoLog: UndoLog;
    uploads: { remove(id: string): Promise<void> };
  };
  /** Runs work with a deadline, ended with the grant and awaited at the end of the process. */
  run<T>(grantId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Sends the one-click request of RFC 8058; false when the list's server refuses it or cannot be reached. */
  oneClick: { post(url: string, signal: AbortSignal): Promise<boolean> };
  /** Tells whether nothing but a passkey decides in a grant. */
  asksEachTime(grantId: string): Promise<boolean>;
  /** Called with the addresses to which the person has now written. */
  onSent(grant: LiveGrant, accountId: string, addresses: readonly string[]): Promise<void>;
  /** Called when the person has decided and nothing more can be decided. */
  onDecided(grantId: string, approvalId: string): void;
  log: Log;
};

type DecisionRequest = {
  grant: LiveGrant;
  id: string;
  decision: Decision;
  origin: ProofOrigin;
  /** Positions of the emails that are to be erased; undefined: all. */
  chosen?: readonly number[] | undefined;
};

/**
 * Creates `decide(request)`: takes the approval, of two at once only one, carries it out and records the outcome. The
 * caller has proven the person. Throws approval_unknown, invalid_input for a decision that the kind does not have, and
 * permission_missing where the person wants to be asked for a passkey each time; resolves with the present state when it
 * was decided or has expired.
 */
export function createDecide(deps: DecideDeps) {
  const { approvals, log } = deps;

  return async function decide(request: DecisionRequest): Promise<Decided> {
    const { grant, id, decision, origin, chosen } = request;
    if (origin !== "passkey" && (await deps.asksEachTime(grant.id)))
      throw new AppError("permission_missing", "The person decides by a passkey, each time.", {
        hint: "Open the page of the approval.",
      });
    const approval = await approvals.open(grant, id);
    const { kind, action } = approval;
    if (decision === "edit" && kind !== "send")
      throw new AppError("invalid_input", "Only an email can be kept as a draft.");
    if (!action && approval.state === "waiting")
      throw new AppError("busy", "The email is still being prepared.", { retryAfterSeconds: 2 });
    if (action?.type === "erase" && decision === "send") selectEmails(action, chosen);
    if (!action || !(await approvals.take(id))) return { state: (await approvals.open(grant, id)).state };
    const decided = await carryOut(deps, request, approval, action);
    log.info("approval_decided", {
      grant: grant.id,
      effect: kind,
      reason: origin,
      outcome: decided.state,
      code: decided.problem?.code,
    });
    if (decided.state !== "waiting" && decided.state !== "failed") deps.onDecided(grant.id, id);
    return decided;
  };
}

async function carryOut(
  deps: DecideDeps,
  { grant, id, decision, chosen }: DecisionRequest,
  approval: OpenedApproval,
  action: Action,
): Promise<Decided> {
  const { approvals, run, vault, log } = deps;
  const finish = async (state: ApprovalState, answer?: unknown) => {
    const sealed = answer === undefined ? null : approvals.sealAnswer(grant, id, answer);
    await approvals.finish(id, state, sealed);
    return { state };
  };
  if (decision === "decline") return finish("declined");
  try {
    const answer = await run(grant.id, (signal) =>
      vault.withAccounts(grant, signal, async (accounts): Promise<object> => {
        const account = accounts.find(({ accountId }) => accountId === approval.accountId);
        if (!account) throw new AppError("account_unknown", "The account is not connected any more.");
        if (action.type === "erase") return erase(deps, grant, account, action, chosen);
        if (action.type === "one-click") return leaveList(deps, action, signal);
        const bytes = await approvals.readBytes(grant, id);
        if (decision === "edit") return keepAsDraft(account, action, bytes);
        const identity = await approvals.identityOf(grant, id);
        return send(deps, grant, { account, action, bytes, identity });
      }),
    );
    return await finish(decision === "edit" ? "kept_as_draft" : "done", answer);
  } catch (thrown) {
    const error = toStorageError(thrown);
    if (!(error instanceof AppError)) {
      log.error("bug", { grant: grant.id, error: toErrorFields(error) });
      await finish("maybe_done");
      return { state: "maybe_done", problem: new AppError("maybe_sent", "It may have been done.") };
    }
    if (error.code === "maybe_sent" || mayBeErased(action, error)) {
      await finish("maybe_done");
      return { state: "maybe_done", problem: error };
    }
    // Over the send limit nothing has failed: it only takes longer.
    const state = error.code === "rate_limited" ? "waiting" : "failed";
    const answer = state === "failed" ? { problem: error.message } : undefined;
    await approvals.release(id, state, answer === undefined ? null : approvals.sealAnswer(grant, id, answer));
    return { state, problem: error };
  }
}

/** An erasure that was interrupted may have been done in part. */
function mayBeErased(action: Action, { code }: AppError): boolean {
  return action.type === "erase" && ["mail_server_failed", "timed_out", "cancelled"].includes(code);
}

/** The outcome of sending, without subject and text. */
const sentAnswer = z.object({
  messageId: z.string(),
  accepted: z.array(z.string()),
  refused: z.array(z.object({ address: z.string(), problem: z.string() })),
  copyIn: z.string().optional(),
  warnings: z.array(z.string()),
});

const eraseAnswer = z.object({
  done: z.int(),
  notDone: z.int(),
  notes: z.array(z.string()),
  operationId: z.string().optional(),
});

/** The host of a mailing list that took the one-click request. */
const oneClickAnswer = z.object({ asked: z.string() });

/** The outcome of a decision, for the person's pages: each field where its kind has it. */
export const decisionAnswer = z
  .object({ ...sentAnswer.shape, ...eraseAnswer.shape, ...oneClickAnswer.shape })
  .partial();

async function send(
  deps: DecideDeps,
  grant: LiveGrant,
  held: {
    account: MailAccount;
    action: EmailAction;
    bytes: Buffer;
    identity: ApprovalIdentity & { contentHash: string };
  },
) {
  const { account, action, bytes, identity } = held;
  const { sendLog, uploads } = deps.stores(grant);
  const composed = thawEmail(action, bytes);
  const { accountId } = account;
  const recipients = composed.recipients.length;
  const sent = await sendLog.sendHeld({ email: identity, accountId, recipients }, async () => {
    const { messageId, accepted, refused, copyIn, warnings } = await account.send(composed, action.draftId);
    // As send_email keeps it in the send log.
    return { message_id: messageId, accepted, refused, copy_in: copyIn, warnings };
  });
  for (const upload of action.uploads) await uploads.remove(upload);
  await deps.onSent(grant, accountId, sent.accepted);
  const { message_id: messageId, copy_in: copyIn, ...rest } = sent;
  return sentAnswer.parse({ ...rest, messageId, copyIn });
}

async function keepAsDraft(account: MailAccount, action: EmailAction, bytes: Buffer) {
  const { id, mailbox } = await account.saveDraft(thawEmail(action, bytes), action.draftId);
  return { draftId: id, mailbox };
}

/** Sends the one-click request of RFC 8058, which the list may get again: it names nothing but the URL. */
async function leaveList({ oneClick }: DecideDeps, { url }: OneClickAction, signal: AbortSignal) {
  if (!(await oneClick.post(url, signal)))
    throw new AppError("host_unreachable", "The list's server did not take the one-click request.");
  return oneClickAnswer.parse({ asked: new URL(url).hostname });
}

async function erase(
  deps: DecideDeps,
  grant: LiveGrant,
  account: MailAccount,
  action: EraseAction,
  chosen: readonly number[] | undefined,
) {
  const ids = selectEmails(action, chosen).map(({ id }) => id);
  const result = await account.deleteEmails(ids, action.permanently);
  const changes = result.changes.filter(({ id }) => id !== undefined);
  const done = result.outcomes.filter((outcome) => outcome.done).length;
  const erased = Math.max(0, done - result.changes.length);
  const { accountId } = account;
  const { undoLog } = deps.stores(grant);
  const { id } = await undoLog.record({ accountId, tool: "delete_email", changes, erased });
  return eraseAnswer.parse({
    done,
    notDone: result.outcomes.length - done,
    notes: result.notes,
    operationId: id,
  });
}
