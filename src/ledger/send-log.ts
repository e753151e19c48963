/**
 * The send log: an email is sent once, and a grant sends a limited number. Entries are kept for 24 hours, across
 * restarts.
 *
 * A row is written before the mail server receives the email and updated afterwards. Whatever interrupts the two (a
 * lost connection, a killed process) leaves the state "may have been sent"; such an email is never sent again
 * automatically, because a mail server offers no way to find out.
 */
import type { Clock } from "../clock.ts";
import type { Database, Queries } from "../db/database.ts";
import { sends as sendRows } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { type Log, toErrorFields } from "../log.ts";
import { newId, seal, toKeyedHash, unseal } from "../secrets.ts";
import {
  createSendStore,
  type SendIdentity,
  type SendRow,
  type SendStore,
  type SentIdentity,
} from "./send-store.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Time for which the outcome of another replica's send is waited for: its death is known after 15 s. */
const settleMs = 20_000;
const settleEveryMs = 250;

export type SendLimits = {
  perHour: number;
  perDay: number;
  /** Time during which the same email to the same recipients counts as a repetition. */
  repeatMs: number;
};

export const sendLimits: SendLimits = { perHour: 10, perDay: 50, repeatMs: 600_000 };

type SendAttempt<Answer, Held> = {
  accountId: string;
  /** The caller's idempotency key. */
  key?: string | undefined;
  /** The request as one string: the same string is the same request. */
  request: string;
  /** Validates an answer read from the log. */
  parse(stored: unknown): Answer;
  /** Finds the same email where it waits for a person, or was decided by one. */
  findHeld?(email: SendIdentity, tx?: Queries): Promise<Held | undefined>;
};

type PreparedSend<Answer, Held> = {
  /** The finished email as one string, without date and Message-ID. */
  content: string;
  /** Number of recipients. */
  recipients: number;
} & (
  | {
      /** Submits the email. Throws maybe_sent when the outcome is unknown. */
      send(): Promise<Answer>;
    }
  | {
      /** Stores the email under its identity in `tx`. The function that it resolves with makes it decidable. */
      hold(email: SentIdentity, tx: Queries): Promise<() => Promise<Held>>;
    }
);

type SendResult<Answer, Held> =
  | {
      answer: Answer;
      /** Time of the earlier send that is answered again, in milliseconds since the epoch. */
      sentBeforeAt?: number;
    }
  | { held: Held };

/** One grant's part of the log. */
type GrantSends = {
  grant: LiveGrant;
  db: Database;
  store: SendStore;
  /** Running sends of this process, by row id. */
  inFlight: Map<string, Promise<unknown>>;
  clock: Clock;
  log: Log;
  limits: SendLimits;
};

export function createSendLog(deps: { db: Database; clock: Clock; log: Log; limits?: SendLimits }) {
  const { db, clock, log, limits = sendLimits } = deps;
  const store = createSendStore(db);
  const inFlight = new Map<string, Promise<unknown>>();

  return {
    /** Marks the sends that a process left unfinished which is no more. */
    markInterrupted: () => store.markInterrupted(db.replica.isOrphan(db, sendRows.owner)),

    /** Deletes entries older than a day. */
    sweep: () => store.deleteBefore(clock.now() - dayMs),

    forGrant(grant: LiveGrant) {
      const sends: GrantSends = { grant, db, store, inFlight, clock, log, limits };
      return {
        /**
         * Sends the email that `prepare` makes, unless it was sent before: then returns the earlier answer. An email
         * that waits for a person, or that `prepare` holds, is returned as `held`.
         * Throws maybe_sent, rate_limited, invalid_input (a key used for a different email), and what `send` throws.
         */
        sendOnce<Answer, Held>(
          attempt: SendAttempt<Answer, Held>,
          prepare: () => Promise<PreparedSend<Answer, Held>>,
        ): Promise<SendResult<Answer, Held>> {
          return sendOnce(sends, attempt, prepare);
        },

        /** Sends an email that a person has approved, under the identity by which it was held. Throws as sendOnce does. */
        sendHeld<Answer>(held: HeldSend, send: () => Promise<Answer>): Promise<Answer> {
          return sendHeld(sends, held, send);
        },

        /** Throws rate_limited, with the time of the next permitted send. */
        requireQuota: () => requireQuota(sends),

        /** Lists when the grant sent within a day and to how many, newest first. */
        listSends: () => store.listSends(grant.id, clock.now() - dayMs),
      };
    },
  };
}

type HeldSend = { email: SentIdentity; accountId: string; recipients: number };

async function sendHeld<Answer>(
  sends: GrantSends,
  { email, accountId, recipients }: HeldSend,
  send: () => Promise<Answer>,
): Promise<Answer> {
  const started = Promise.withResolvers<Answer>();
  const id = newId("snd");
  await withoutOtherSends(sends, async (inside) => {
    await requireQuota(inside);
    await insertSending(inside, { ...email, id, accountId, recipients }, started.promise);
  });
  started.resolve(recordOutcome(sends, id, send()));
  return started.promise;
}

/** Runs `work` in a transaction, with the store in it, while no other send of the grant is decided about. */
function withoutOtherSends<T>(
  sends: GrantSends,
  work: (inside: GrantSends, tx: Queries) => Promise<T>,
): Promise<T> {
  const { db, grant } = sends;
  return db.transaction(async (tx) => {
    await db.lock(tx, grant.id);
    return work({ ...sends, store: createSendStore(tx) }, tx);
  });
}

/**
 * Notes that an email is about to be sent; inside a transaction. `outcome` is known to this process before the row can
 * be read.
 */
async function insertSending(
  { grant, db, store, clock, inFlight }: GrantSends,
  email: Omit<Parameters<GrantSends["store"]["insert"]>[0], "grantId" | "state" | "createdAt" | "owner">,
  outcome: Promise<unknown>,
): Promise<void> {
  const row = {
    grantId: grant.id,
    state: "sending",
    createdAt: clock.now(),
    owner: db.replica.id(),
  } as const;
  await store.insert({ ...email, ...row });
  inFlight.set(email.id, outcome);
}

async function sendOnce<Answer, Held>(
  sends: GrantSends,
  attempt: SendAttempt<Answer, Held>,
  prepare: () => Promise<PreparedSend<Answer, Held>>,
): Promise<SendResult<Answer, Held>> {
  const { grant } = sends;
  const { accountId, key } = attempt;
  const request: SendIdentity = {
    keyHash: key === undefined ? undefined : toSendHash(grant, "key", key),
    requestHash: toSendHash(grant, "request", `${accountId}\0${attempt.request}`),
  };
  const waiting = await attempt.findHeld?.(request);
  if (waiting) return { held: waiting };
  const earlier = await findEarlier(sends, request);
  if (earlier) return answerEarlier(sends, earlier, attempt);
  await requireQuota(sends);

  const prepared = await prepare();
  const email = {
    ...request,
    contentHash: toSendHash(grant, "content", `${accountId}\0${prepared.content}`),
  };
  const id = newId("snd");
  const started = Promise.withResolvers<Answer>();
  // Of two concurrent calls, the second finds the row of the first.
  const other = await withoutOtherSends(sends, async (inside, tx) => {
    const held = await attempt.findHeld?.(email, tx);
    if (held) return { held };
    const found = await findEarlier(inside, email);
    if (found) return { found };
    await requireQuota(inside);
    if ("hold" in prepared) return { complete: await prepared.hold(email, tx) };
    const row = { ...email, id, accountId, recipients: prepared.recipients };
    await insertSending(inside, row, started.promise);
    return {};
  });
  if (other.held) return { held: other.held };
  if (other.complete) return { held: await other.complete() };
  if (other.found) return answerEarlier(sends, other.found, attempt);
  if ("hold" in prepared) throw new Error("an email was neither held nor found");

  started.resolve(recordOutcome(sends, id, prepared.send()));
  return { answer: await started.promise };
}

/**
 * The send that this one repeats: by its key within a day, otherwise by its request or content within `repeatMs`.
 * Throws invalid_input when the key was used for a different email.
 */
async function findEarlier(
  { grant, store, clock, limits }: GrantSends,
  email: SendIdentity,
): Promise<SendRow | undefined> {
  const now = clock.now();
  const row = await store.findSame(grant.id, email, { keySince: now - dayMs, since: now - limits.repeatMs });
  if (
    row &&
    row.keyHash === email.keyHash &&
    row.requestHash !== email.requestHash &&
    row.contentHash !== email.contentHash
  )
    throw new AppError(
      "invalid_input",
      "This `idempotency_key` was used for another email within the last day.",
      { hint: "Nothing was sent. Use a new key for a new email, or none." },
    );
  return row;
}

/** The answer of an earlier send, awaited while it still runs. Throws maybe_sent when its outcome is unknown. */
async function answerEarlier<Answer, Held>(
  sends: GrantSends,
  found: SendRow,
  attempt: SendAttempt<Answer, Held>,
): Promise<SendResult<Answer, Held>> {
  const { grant, inFlight } = sends;
  const running = inFlight.get(found.id);
  if (running) return { answer: attempt.parse(await running), sentBeforeAt: found.createdAt };
  const row = await readSettled(sends, found);
  if (row.state === "failed")
    throw new AppError("message_refused", "The same email was refused just now, by another call.");
  if (row.state === "sent" && row.answer) {
    const stored = unseal(grant.dataKey, row.answer, toSendContext(grant, row.id)).toString("utf8");
    return { answer: attempt.parse(JSON.parse(stored)), sentBeforeAt: row.createdAt };
  }
  throw new AppError(
    "maybe_sent",
    `The same email may have been sent at ${toIsoSeconds(row.createdAt)}; it was not sent again.`,
  );
}

/** Reads a row again until the replica that sends it has written the outcome, or is dead. */
async function readSettled({ db, store }: GrantSends, found: SendRow): Promise<SendRow> {
  let row = found;
  for (let waitedMs = 0; row.state === "sending" && waitedMs <= settleMs; waitedMs += settleEveryMs) {
    row = (await store.find(found.id)) ?? row;
    // Of its own sends a process knows those that run; what is left could not be written.
    if (!db.replica.isShared || row.owner === db.replica.id() || row.state !== "sending") break;
    await Bun.sleep(settleEveryMs);
  }
  return row;
}

/** Throws rate_limited, with the time of the next permitted send. */
async function requireQuota({ grant, store, clock, limits }: GrantSends): Promise<void> {
  const now = clock.now();
  const times = await store.listTimes(grant.id, now - dayMs);
  const lastOfHour = times.filter((at) => at > now - hourMs)[limits.perHour - 1];
  const lastOfDay = times[limits.perDay - 1];
  const nextAt = Math.max(
    lastOfHour === undefined ? 0 : lastOfHour + hourMs,
    lastOfDay === undefined ? 0 : lastOfDay + dayMs,
  );
  if (nextAt <= now) return;
  const limit =
    lastOfDay === undefined ? `${limits.perHour} emails an hour` : `${limits.perDay} emails a day`;
  throw new AppError(
    "rate_limited",
    `This connection may send ${limit}; the next may go at ${toIsoSeconds(nextAt)}.`,
    {
      hint: "Nothing was sent. Save it as a draft, or wait until then.",
      retryAfterSeconds: Math.ceil((nextAt - now) / 1000),
    },
  );
}

/** Awaits a submission and writes its outcome. A sent email is answered as sent even when the write fails. */
async function recordOutcome<Answer>(
  { grant, store, inFlight, log }: GrantSends,
  id: string,
  submission: Promise<Answer>,
): Promise<Answer> {
  const write = async (values: Partial<SendRow>) => {
    try {
      await store.update(id, values);
    } catch (error) {
      // The row stays "sending", which a repetition treats as "may have been sent".
      log.error("send_unwritten", { grant: grant.id, error: toErrorFields(error) });
    }
  };
  try {
    const answer = await submission;
    await write({
      state: "sent",
      answer: seal(grant.dataKey, JSON.stringify(answer), toSendContext(grant, id)),
    });
    return answer;
  } catch (error) {
    const unknown = !(error instanceof AppError) || error.code === "maybe_sent";
    await write({ state: unknown ? "maybe_sent" : "failed" });
    throw error;
  } finally {
    inFlight.delete(id);
  }
}

/** Hashes under the data key, which outlives a rotation of the server key and is not readable from the disk. */
function toSendHash({ dataKey }: LiveGrant, purpose: "key" | "request" | "content", value: string): string {
  return toKeyedHash(dataKey, `send ${purpose}`, value);
}

/** Additional data of the sealed answer: binds it to its row. */
function toSendContext(grant: LiveGrant, id: string): string {
  return `v1 send ${grant.id} ${id}`;
}

function toIsoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
