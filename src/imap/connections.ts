/**
 * The pool of IMAP connections: the only place that opens one.
 *
 * Keyed by grant and account, never by anything typed: one grant's connection is never another's. Each is kept for two
 * minutes after its last use with its mailbox selected; how many there may be and who is next is places.ts's business.
 */

import type { ImapFlow } from "imapflow";
import { LRUCache } from "lru-cache";
import { toReason, untilAborted } from "../abort.ts";
import type { Clock } from "../clock.ts";
import type { ConnectionOwner, Credentials } from "../credentials.ts";
import { AppError } from "../errors.ts";
import { toAppError } from "./failures.ts";
import { createLoginPauses } from "./login-pause.ts";
import { createNotes, type MailboxNotes } from "./mailbox-cache.ts";
import { createPlaces, mailboxOf, type PlaceLimits, type Slot } from "./pool-queue.ts";
import { isOrderly, select } from "./select.ts";

export type Lease = {
  /** A mailbox path to have selected (not a role); absent when none is needed. */
  mailbox?: string;
  /** Reading is tried a second time on a fresh connection when the first was dead; writing never is. */
  effect: "read" | "write";
  /** The call's deadline and the caller's going away. Ends the work by closing the connection. */
  signal: AbortSignal;
};

/** What is done on a connection, with what was noted of the mailbox it has selected. */
export type Work<T> = (imap: ImapFlow, notes: MailboxNotes) => Promise<T>;

export type Connections = {
  /** Lends a connection for the time of `work` and takes it back. Throws AppErrors from mail/failures. */
  use<T>(owner: ConnectionOwner, lease: Lease, work: Work<T>): Promise<T>;
  /** Whether a connection of the account is open and idle. */
  hasSpare(owner: ConnectionOwner): boolean;
  /** Closes everything a grant holds, at once and for good: revoked, expired, replayed. */
  closeGrant(grantId: string): void;
  /** How many are open, being opened or kept. */
  count(): number;
  /** Logs all out; for the process's end. */
  close(): Promise<void>;
};

export type ConnectionLimits = PlaceLimits & {
  /** A connection unused for longer is asked whether it still lives before it is lent: one round trip. */
  doubtAfterMs: { read: number; write: number };
  /** How long it may take to answer that. */
  proofMs: number;
  /** After a second connection was refused, how long an account makes do with its first. */
  narrowMs: number;
  /** What a mail server may send for one call: the largest email there is, twice over. */
  bytesPerCall: number;
  /** How long logging out may take at the process's end. */
  logoutMs: number;
};

export const connectionLimits: ConnectionLimits = {
  perAccount: 2,
  total: 64,
  idleMs: 120_000,
  doubtAfterMs: { read: 20_000, write: 5_000 },
  proofMs: 4_000,
  narrowMs: 60_000,
  bytesPerCall: 96 * 1024 * 1024,
  logoutMs: 2_000,
};

/** How a mail server's refusal of one more login is told. */
const refusals: ReadonlySet<AppError["code"]> = new Set([
  "mail_server_busy",
  "mail_server_failed",
  "login_refused",
]);

const grantEnded = () => new AppError("cancelled", "The permission for this mailbox has ended.");
const tooMuch = () => new AppError("mail_server_failed", "The mail server sent more than fits.");
const stopping = () => new AppError("shutting_down", "The server is stopping.");

/** Calls `over` when a connection has brought more than `maxBytes` from here on. Cleared by the caller. */
function watchBytes(imap: ImapFlow, maxBytes: number, over: () => void): ReturnType<typeof setInterval> {
  const before = imap.stats().received;
  return setInterval(() => {
    if (imap.stats().received - before > maxBytes) over();
  }, 250);
}

/** `open` dials, vets and logs in (imap.ts); it must obey its signal. Opens nothing by itself. */
export function createConnections(deps: {
  open(credentials: Credentials, signal: AbortSignal): Promise<ImapFlow>;
  clock: Clock;
  limits?: Partial<ConnectionLimits>;
}): Connections {
  const { open, clock } = deps;
  const limits = { ...connectionLimits, ...deps.limits };
  const notes = createNotes();
  const pauses = createLoginPauses({ clock });
  /** Accounts whose server wants no second connection, and until when we believe that. */
  const narrow = new Map<string, number>();
  const isNarrow = (key: string) => (narrow.get(key) ?? 0) > clock.now();
  const places = createPlaces({
    clock,
    limits,
    isNarrow,
    onLast(key) {
      notes.forget(key);
      narrow.delete(key);
    },
  });
  let stopped = false;
  /** Grants that have ended, which come no more; what still goes on behind a call that was cut off has their passwords. */
  const ended = new LRUCache<string, true>({ max: 1_000 });

  /** The slot's connection, proven alive or freshly opened. */
  async function connect(
    slot: Slot,
    owner: ConnectionOwner,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<ImapFlow> {
    const unusedMs = clock.now() - slot.lastUsedAt;
    // Not every answer tells what was removed meanwhile: Dovecot's to a search by UIDs does not.
    const isBehind = slot.behind && lease.effect === "read";
    if (slot.imap?.usable && (isBehind || unusedMs > limits.doubtAfterMs[lease.effect])) {
      const proof = AbortSignal.any([signal, AbortSignal.timeout(limits.proofMs)]);
      await untilAborted(proof, slot.imap.noop()).catch(() => slot.imap?.close());
      if (signal.aborted) throw toReason(signal);
      slot.behind = false;
    }
    if (slot.imap?.usable) return slot.imap;
    slot.imap?.close();
    slot.imap = undefined;
    pauses.requireNoPause(slot.key);
    try {
      const imap = await open(owner.credentials, signal);
      if (signal.aborted) {
        imap.close();
        throw toReason(signal);
      }
      // A server that hangs up while nobody looks leaves no dead slot behind.
      imap.once("close", () => {
        if (!slot.busy && slot.imap === imap) places.drop(slot);
      });
      slot.imap = imap;
      // The next one in line may open its own now.
      queueMicrotask(places.pump);
      return imap;
    } catch (error) {
      const failure = toAppError(error, "connect");
      const others = places
        .all()
        .some((other) => other !== slot && other.key === slot.key && other.imap?.usable);
      // Beside one that is let in, a refusal speaks of the number of connections, whatever code it has or lacks.
      if (others && refusals.has(failure.code)) narrow.set(slot.key, clock.now() + limits.narrowMs);
      else pauses.note(slot.key, failure);
      throw failure;
    }
  }

  /** One attempt: acquire, connect, select, work, release. */
  async function attempt<T>(
    owner: ConnectionOwner,
    lease: Lease,
    work: Work<T>,
  ): Promise<{ done: T } | { failed: unknown; again: boolean }> {
    const slot = await places.acquire(toKey(owner), owner.grantId, lease);
    const excess = new AbortController();
    const signal = AbortSignal.any([lease.signal, slot.ended.signal, excess.signal]);
    let imap: ImapFlow | undefined;
    let watch: ReturnType<typeof setInterval> | undefined;
    const close = () => imap?.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      imap = await connect(slot, owner, lease, signal);
      watch = watchBytes(imap, limits.bytesPerCall, () => excess.abort(tooMuch()));
      const selected = imap;
      const run = async () => {
        if (lease.mailbox !== undefined && mailboxOf(slot) !== lease.mailbox)
          await select(selected, lease.mailbox);
        return work(selected, notes.of(slot.key, selected));
      };
      const done = await untilAborted(signal, run());
      if (lease.effect === "write")
        for (const other of places.all()) if (other !== slot && other.key === slot.key) other.behind = true;
      places.release(slot, true);
      return { done };
    } catch (error) {
      const lost = imap !== undefined && !imap.usable;
      const crowded = imap === undefined && isNarrow(slot.key);
      places.release(slot, imap !== undefined && isOrderly(error));
      if (signal.aborted) throw toReason(signal);
      return {
        failed: isBug(error) ? error : toAppError(error, "imap"),
        again: crowded || (lost && lease.effect === "read"),
      };
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", close);
    }
  }

  return {
    async use(owner, lease, work) {
      if (stopped) throw stopping();
      if (ended.has(owner.grantId)) throw grantEnded();
      if (lease.signal.aborted) throw toReason(lease.signal);
      const first = await attempt(owner, lease, work);
      if ("done" in first) return first.done;
      if (!first.again) throw first.failed;
      const second = await attempt(owner, lease, work);
      if ("done" in second) return second.done;
      throw second.failed;
    },

    hasSpare: (owner) =>
      places.all().some((slot) => slot.key === toKey(owner) && !slot.busy && slot.imap?.usable === true),

    closeGrant(grantId) {
      ended.set(grantId, true);
      places.refuse(grantEnded(), grantId);
      for (const slot of places.all()) {
        if (slot.grantId !== grantId) continue;
        slot.ended.abort(grantEnded());
        pauses.forget(slot.key);
        places.drop(slot);
      }
      places.pump();
    },

    count: () => places.all().length,

    async close() {
      stopped = true;
      places.refuse(stopping());
      const idle = places.all().flatMap((slot) => (!slot.busy && slot.imap ? [slot.imap] : []));
      await Promise.all(
        idle.map((imap) => untilAborted(AbortSignal.timeout(limits.logoutMs), imap.logout()).catch(() => {})),
      );
      for (const slot of places.all()) {
        slot.ended.abort(stopping());
        places.drop(slot);
      }
    },
  };
}

const toKey = (owner: ConnectionOwner) => `${owner.grantId}/${owner.accountId}`;

/** Our own fault, not the mail server's: goes up as it is. */
function isBug(error: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}
