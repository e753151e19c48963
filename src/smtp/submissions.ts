/**
 * Submits finished emails, over one connection per grant and account that stays open for two minutes after its last
 * email.
 *
 * An email is never submitted twice. Until the server has answered 354 and the whole message is written, it is certain
 * that nothing was sent; from then on, without the server's answer, it may have been sent, and the error says so.
 */
import { Readable } from "node:stream";
import { closingOn } from "../abort.ts";
import { type Clock, systemClock } from "../clock.ts";
import { type ConnectionOwner, type Credentials, watchExpiry } from "../credentials.ts";
import { AppError } from "../errors.ts";
import type { SmtpSession } from "./connect.ts";
import { toRefusalText, toReplyCode, toSubmissionError } from "./refusals.ts";

export type Submission = {
  /** MAIL FROM. */
  from: string;
  /** RCPT TO: exactly these. */
  recipients: readonly string[];
  raw: Uint8Array;
};

type SubmissionResult = {
  accepted: string[];
  refused: { address: string; problem: string }[];
};

export type SubmissionLimits = {
  /** Time that a connection stays open after its last email. */
  idleMs: number;
  /** A connection that is idle for longer is probed by RSET before it is used: one round trip. */
  probeAfterMs: number;
  /** Maximum duration of a probe. */
  probeMs: number;
  /** Maximum duration of one email, from the first command to the server's last answer. */
  totalMs: number;
};

export const submissionLimits: SubmissionLimits = {
  idleMs: 120_000,
  probeAfterMs: 5_000,
  probeMs: 4_000,
  totalMs: 38_000,
};

export type Submissions = ReturnType<typeof createSubmissions>;

/** `validUntil`: the end of the access token that the login used; infinite after a login with a password. */
type OpenSession = SmtpSession & { validUntil: number };

type IdleSession = {
  session: OpenSession;
  grantId: string;
  /** When it became idle, by the monotonic clock. */
  idleSince: number;
  expiry: ReturnType<typeof setTimeout>;
  /** Listener for the end of the connection. */
  forget(): void;
};

/** `open` resolves, vets and logs in (connect.ts); it must obey its signal. Opens nothing until an email is submitted. */
export function createSubmissions(deps: {
  open(credentials: Credentials, signal: AbortSignal): Promise<SmtpSession>;
  clock?: Clock;
  limits?: Partial<SubmissionLimits>;
}) {
  const { clock = systemClock } = deps;
  const limits = { ...submissionLimits, ...deps.limits };
  const idle = new Map<string, IdleSession>();
  const running = new Set<{ grantId: string; end(reason: AppError): void }>();
  const toSessionKey = (owner: ConnectionOwner) => `${owner.grantId}/${owner.accountId}`;

  async function openSession(credentials: Credentials, signal: AbortSignal): Promise<OpenSession> {
    let validUntil = Number.POSITIVE_INFINITY;
    const watched = watchExpiry(credentials, (expiresAt) => {
      validUntil = expiresAt;
    });
    const session = await deps.open(watched, signal);
    return { ...session, validUntil };
  }

  function takeIdle(key: string): OpenSession | undefined {
    const found = idle.get(key);
    if (!found) return undefined;
    idle.delete(key);
    clearTimeout(found.expiry);
    found.session.connection.off("end", found.forget);
    return found.session;
  }

  function keepIdle(key: string, grantId: string, session: OpenSession): void {
    const { connection } = session;
    const validMs = session.validUntil - clock.now();
    if (idle.has(key) || validMs <= 0) {
      connection.quit();
      return;
    }
    const forget = () => {
      if (idle.get(key)?.session === session) takeIdle(key);
    };
    const expiry = setTimeout(
      () => {
        forget();
        connection.quit();
      },
      Math.min(limits.idleMs, validMs),
    );
    expiry.unref();
    idle.set(key, { session, grantId, idleSince: performance.now(), expiry, forget });
    connection.once("end", forget);
  }

  /** Takes an idle session that is alive: one that has been idle for a while must answer RSET in time. */
  async function takeLive(key: string): Promise<OpenSession | undefined> {
    const idleSince = idle.get(key)?.idleSince ?? 0;
    const session = takeIdle(key);
    // A connection ends with the token of its login: the server goes on after the permission was taken back.
    if (session && session.validUntil <= clock.now()) {
      session.connection.quit();
      return undefined;
    }
    if (!session || performance.now() - idleSince < limits.probeAfterMs) return session;
    if (await answersReset(session, limits.probeMs)) return session;
    session.connection.close();
    return undefined;
  }

  return {
    /**
     * Submits an email once. Names refused recipients beside the accepted ones.
     * Throws recipient_refused (all recipients were), message_refused, not_supported, too_large, mail_server_busy,
     * login_refused, host_unreachable, timed_out and cancelled when nothing was sent, and maybe_sent when that is
     * unknown.
     */
    async submit(owner: ConnectionOwner, email: Submission, signal: AbortSignal): Promise<SubmissionResult> {
      const ended = new AbortController();
      const entry = { grantId: owner.grantId, end: (reason: AppError) => ended.abort(reason) };
      const deadline = AbortSignal.any([ended.signal, AbortSignal.timeout(limits.totalMs)]);
      const signals = { deadline, caller: signal };
      running.add(entry);
      try {
        const key = toSessionKey(owner);
        const idleSession = await takeLive(key);
        if (idleSession) {
          const first = await attemptSubmission(idleSession, email, signals);
          if ("done" in first) {
            keepIdle(key, owner.grantId, idleSession);
            return first.done;
          }
          idleSession.connection.close();
          // The server may have closed an idle connection; nothing was transferred, so a fresh one is tried.
          if (!first.isStale) throw first.failed;
        }
        const fresh = await openSession(owner.credentials, AbortSignal.any([signal, deadline]));
        const only = await attemptSubmission(fresh, email, signals);
        if ("done" in only) {
          keepIdle(key, owner.grantId, fresh);
          return only.done;
        }
        fresh.connection.close();
        throw only.failed;
      } finally {
        running.delete(entry);
      }
    },

    /** Closes all connections of a grant at once. A message that is being transferred ends as maybe_sent. */
    closeGrant(grantId: string): void {
      for (const [key, { grantId: holder }] of idle)
        if (holder === grantId) takeIdle(key)?.connection.close();
      for (const entry of running)
        if (entry.grantId === grantId)
          entry.end(new AppError("cancelled", "The permission for this mailbox has ended."));
    },

    /** Closes all connections; for the end of the process. */
    async close(): Promise<void> {
      for (const key of [...idle.keys()]) takeIdle(key)?.connection.close();
      for (const entry of running) entry.end(new AppError("shutting_down", "The server is stopping."));
    },
  };
}

/** True when the server answers RSET (RFC 5321 section 4.1.1.5) within `ms`. */
async function answersReset({ connection }: SmtpSession, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onEnd = () => resolve(false);
  const timer = setTimeout(onEnd, ms);
  connection.once("end", onEnd);
  connection.reset((error) => resolve(!error));
  const isAlive = await promise;
  clearTimeout(timer);
  connection.off("end", onEnd);
  return isAlive;
}

/** `isStale`: the connection was dead before anything was transferred, so that another one may be tried. */
type SubmissionAttempt = { done: SubmissionResult } | { failed: AppError; isStale: boolean };

/**
 * Submits one email over one connection. Never throws. A caller who goes away ends it until the transfer of the message
 * begins; after that the server's answer is awaited, up to the deadline.
 */
async function attemptSubmission(
  { connection, supportsUtf8, awaitsAnswer }: SmtpSession,
  email: Submission,
  { caller, deadline }: { caller: AbortSignal; deadline: AbortSignal },
): Promise<SubmissionAttempt> {
  const message = createMessageStream(email.raw, () => awaitsAnswer(true));
  const { promise, resolve, reject } = Promise.withResolvers<SubmissionResult>();
  // The signals may reject it before it is awaited.
  promise.catch(() => {});
  const end = (reason: unknown) => {
    reject(reason);
    connection.close();
  };
  using _deadline = closingOn(deadline, () => end(deadline.reason));
  using _caller = closingOn(caller, () => {
    if (!message.hasBegun()) end(caller.reason);
  });
  try {
    if (caller.aborted) throw caller.reason;
    if (deadline.aborted) throw deadline.reason;
    if (!supportsUtf8) requireAscii([email.from, ...email.recipients]);
    const envelope = {
      from: email.from,
      to: [...email.recipients],
      size: email.raw.length,
      use8BitMime: email.raw.some((byte) => byte > 127),
    };
    connection.send(envelope, message.stream, (failure, info) => {
      if (failure || !info) return reject(failure ?? new Error("no answer to the message"));
      const refused = (info.rejectedErrors ?? []).map((error) => ({
        address: error.recipient ?? "",
        problem: toRefusalText(error),
      }));
      resolve({ accepted: info.accepted, refused });
    });
    const done = await promise;
    awaitsAnswer(false);
    return { done };
  } catch (error) {
    const replyCode = toReplyCode(error);
    if (message.isWritten() && replyCode === undefined) return { failed: toMaybeSent(error), isStale: false };
    const isStale =
      !message.hasBegun() &&
      !(error instanceof AppError) &&
      !caller.aborted &&
      !deadline.aborted &&
      (replyCode === undefined || replyCode === 421);
    return { failed: toSubmissionError(error), isStale };
  } finally {
    message.stream.destroy();
  }
}

const pieceBytes = 65_536;

/**
 * Creates the stream that nodemailer sends after DATA. It is read only after the server's 354, and to its end only when
 * all of it is written to the socket. `onBegin` is called when it is first read.
 */
function createMessageStream(raw: Uint8Array, onBegin: () => void) {
  let position = 0;
  let hasBegun = false;
  const stream = new Readable({
    read() {
      if (!hasBegun) onBegin();
      hasBegun = true;
      if (position >= raw.length) {
        this.push(null);
        return;
      }
      this.push(raw.subarray(position, position + pieceBytes));
      position += pieceBytes;
    },
  });
  return { stream, hasBegun: () => hasBegun, isWritten: () => hasBegun && stream.readableEnded };
}

/** Throws not_supported: without SMTPUTF8 addresses must be ASCII (RFC 6531 section 3.1). */
function requireAscii(recipients: readonly string[]): void {
  const beyond = recipients.filter((address) => /[^!-~]/.test(address));
  if (beyond.length > 0)
    throw new AppError(
      "not_supported",
      `Nothing was sent: this account's mail server accepts only ASCII characters before the @ (no SMTPUTF8): ${beyond.join(", ")}.`,
      { hint: "Leave the address out, or ask the person for another one." },
    );
}

const toMaybeSent = (cause: unknown) =>
  new AppError(
    "maybe_sent",
    "The mail server took the email but the connection ended before it said so; it may have been sent.",
    { cause },
  );
