/**
 * Hands finished emails to submission servers, over one connection per grant and account that is kept for two
 * minutes after its last email.
 *
 * An email is never submitted twice. It is certain that nothing was sent until the server has said 354 and the whole
 * message is written; from then on, without the server's word, an email may have been sent, and the answer says so.
 */
import { Readable } from "node:stream";
import type { ConnectionOwner, Credentials } from "../credentials.ts";
import { AppError } from "../errors.ts";
import type { SmtpSession } from "./connect.ts";
import { toFailure, toRefusal, toReplyCode } from "./refusals.ts";

export type Submission = {
  /** MAIL FROM. */
  from: string;
  /** RCPT TO: exactly these. */
  recipients: readonly string[];
  raw: Uint8Array;
};

export type Submitted = {
  accepted: string[];
  refused: { address: string; problem: string }[];
};

export type SubmissionLimits = {
  /** How long a connection is kept after its last email. */
  idleMs: number;
  /** How long one email may take from the first command to the server's last word. */
  totalMs: number;
};

export const submissionLimits: SubmissionLimits = { idleMs: 120_000, totalMs: 38_000 };

export type Submissions = ReturnType<typeof createSubmissions>;

type Kept = {
  session: SmtpSession;
  grantId: string;
  expiry: ReturnType<typeof setTimeout>;
  /** Listens for the server's hanging up. */
  forget(): void;
};

/** `open` judges, dials and logs in (smtp.ts); it must obey its signal. Opens nothing by itself. */
export function createSubmissions(deps: {
  open(credentials: Credentials, signal: AbortSignal): Promise<SmtpSession>;
  limits?: Partial<SubmissionLimits>;
}) {
  const limits = { ...submissionLimits, ...deps.limits };
  const kept = new Map<string, Kept>();
  const busy = new Set<{ grantId: string; end(reason: AppError): void }>();
  const toKey = (owner: ConnectionOwner) => `${owner.grantId}/${owner.accountId}`;

  function take(key: string): SmtpSession | undefined {
    const found = kept.get(key);
    if (!found) return undefined;
    kept.delete(key);
    clearTimeout(found.expiry);
    found.session.connection.off("end", found.forget);
    return found.session;
  }

  function keep(key: string, grantId: string, session: SmtpSession): void {
    const { connection } = session;
    if (kept.has(key)) {
      connection.quit();
      return;
    }
    const forget = () => {
      if (kept.get(key)?.session === session) take(key);
    };
    const expiry = setTimeout(() => {
      forget();
      connection.quit();
    }, limits.idleMs);
    expiry.unref();
    kept.set(key, { session, grantId, expiry, forget });
    connection.once("end", forget);
  }

  return {
    /**
     * Submits once. Recipients that were refused are named beside those that were accepted.
     * Throws recipient_refused (nobody was accepted), message_refused, not_supported, too_large, mail_server_busy, login_refused,
     * host_unreachable, timed_out and cancelled when nothing was sent, and maybe_sent when nobody can know.
     */
    async submit(owner: ConnectionOwner, email: Submission, signal: AbortSignal): Promise<Submitted> {
      const ended = new AbortController();
      const entry = { grantId: owner.grantId, end: (reason: AppError) => ended.abort(reason) };
      const deadline = AbortSignal.any([ended.signal, AbortSignal.timeout(limits.totalMs)]);
      const signals = { deadline, caller: signal };
      busy.add(entry);
      try {
        const key = toKey(owner);
        const warm = take(key);
        if (warm) {
          const first = await attempt(warm, email, signals);
          if ("done" in first) {
            keep(key, owner.grantId, warm);
            return first.done;
          }
          warm.connection.close();
          // A kept connection may have been closed by the server meanwhile; nothing was handed over, so try anew.
          if (!first.stale) throw first.failed;
        }
        const fresh = await deps.open(owner.credentials, AbortSignal.any([signal, deadline]));
        const only = await attempt(fresh, email, signals);
        if ("done" in only) {
          keep(key, owner.grantId, fresh);
          return only.done;
        }
        fresh.connection.close();
        throw only.failed;
      } finally {
        busy.delete(entry);
      }
    },

    /** Closes what a grant holds, at once. What is being handed over ends as maybe_sent. */
    closeGrant(grantId: string): void {
      for (const [key, { grantId: holder }] of kept) if (holder === grantId) take(key)?.connection.close();
      for (const entry of busy)
        if (entry.grantId === grantId)
          entry.end(new AppError("cancelled", "The permission for this mailbox has ended."));
    },

    /** Leaves all servers; for the process's end. */
    async close(): Promise<void> {
      for (const key of [...kept.keys()]) take(key)?.connection.close();
      for (const entry of busy) entry.end(new AppError("shutting_down", "The server is stopping."));
    },
  };
}

type Attempt = { done: Submitted } | { failed: AppError; stale: boolean };

/**
 * One email over one connection. Never throws. A caller who goes away ends it as long as nothing is handed over; from
 * then on the server's word is worth waiting for, up to the deadline.
 */
async function attempt(
  { connection, takesUtf8 }: SmtpSession,
  email: Submission,
  { caller, deadline }: { caller: AbortSignal; deadline: AbortSignal },
): Promise<Attempt> {
  const chunk = 65_536;
  let position = 0;
  let asked = false;
  // Read only after the server's 354, and to its end only when all of it is on its way.
  const message = new Readable({
    read() {
      asked = true;
      if (position >= email.raw.length) {
        this.push(null);
        return;
      }
      this.push(email.raw.subarray(position, position + chunk));
      position += chunk;
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Submitted>();
  const end = (reason: unknown) => {
    reject(reason);
    connection.close();
  };
  const onDeadline = () => end(deadline.reason);
  const onGone = () => {
    if (!asked) end(caller.reason);
  };
  deadline.addEventListener("abort", onDeadline, { once: true });
  caller.addEventListener("abort", onGone, { once: true });
  try {
    if (caller.aborted) throw caller.reason;
    if (deadline.aborted) throw deadline.reason;
    if (!takesUtf8) requireAscii(email.recipients);
    const envelope = {
      from: email.from,
      to: [...email.recipients],
      size: email.raw.length,
      use8BitMime: email.raw.some((byte) => byte > 127),
    };
    connection.send(envelope, message, (failure, info) => {
      if (failure || !info) reject(failure ?? new Error("no answer to the message"));
      else
        resolve({
          accepted: info.accepted,
          refused: (info.rejectedErrors ?? []).map((error) => ({
            address: error.recipient ?? "",
            problem: toRefusal(error),
          })),
        });
    });
    return { done: await promise };
  } catch (error) {
    const replied = toReplyCode(error);
    if (asked && message.readableEnded && replied === undefined)
      return { failed: toMaybe(error), stale: false };
    const stale =
      !asked &&
      !(error instanceof AppError) &&
      !caller.aborted &&
      !deadline.aborted &&
      (replied === undefined || replied === 421);
    return { failed: toFailure(error), stale };
  } finally {
    deadline.removeEventListener("abort", onDeadline);
    caller.removeEventListener("abort", onGone);
    message.destroy();
  }
}

/** Throws not_supported: without SMTPUTF8 only ASCII may be said (RFC 6531 section 3.1). */
function requireAscii(recipients: readonly string[]): void {
  const beyond = recipients.filter((address) => /[^!-~]/.test(address));
  if (beyond.length > 0)
    throw new AppError(
      "not_supported",
      `Nothing was sent: this account's mail server takes no letters beyond ASCII before the @ (SMTPUTF8): ${beyond.join(", ")}.`,
      { hint: "Leave the address out, or ask the person for another one." },
    );
}

const toMaybe = (cause: unknown) =>
  new AppError(
    "maybe_sent",
    "The mail server took the email but the connection ended before it said so; it may have been sent.",
    {
      cause,
    },
  );
