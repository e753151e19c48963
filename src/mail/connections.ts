/**
 * The pool of IMAP connections: the only place that opens one.
 *
 * Keyed by grant and account, never by anything typed: one grant's connection is never another's. At most two
 * connections an account and 64 in all; each is kept for two minutes after its last use with its mailbox selected.
 * When all are in use, calls wait in line until their own deadline; whose grant holds the fewest connections is next,
 * then who came first, and an idle connection of somebody else makes room.
 */
import type { ImapFlow } from "imapflow";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { toAppError } from "./failures.ts";
import { createLoginPauses } from "./login-pause.ts";
import type { Credentials } from "./mail.ts";
import { createNotes, type MailboxNotes } from "./notes.ts";

/** Whose connection it is. Never keyed by a typed address: one grant's connection is never another's. */
export type ConnectionOwner = { grantId: string; accountId: string; credentials: Credentials };

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
  /** Closes everything a grant holds, at once: revoked, expired, replayed. */
  closeGrant(grantId: string): void;
  /** How many are open, being opened or kept. */
  count(): number;
  /** Logs all out; for the process's end. */
  close(): Promise<void>;
};

export type ConnectionLimits = {
  perAccount: number;
  total: number;
  /** How long a connection is kept after its last use. */
  idleMs: number;
  /** A connection unused for longer is asked whether it still lives before it is lent: one round trip. */
  doubtAfterMs: { read: number; write: number };
  /** How long it may take to answer that. */
  proofMs: number;
  /** After "too many connections" for a second one, how long an account makes do with its first. */
  narrowMs: number;
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
  logoutMs: 2_000,
};

/** One place for a connection. Without `imap` it is being opened, or closed. */
type Slot = {
  key: string;
  grantId: string;
  imap: ImapFlow | undefined;
  busy: boolean;
  lastUsedAt: number;
  expiry: ReturnType<typeof setTimeout> | undefined;
  /** Why its user is to stop, when it is closed under him. */
  ended: AbortController;
};

type Waiter = {
  key: string;
  grantId: string;
  mailbox: string | undefined;
  grant(slot: Slot): void;
  refuse(error: AppError): void;
};

const grantEnded = () => new AppError("cancelled", "The permission for this mailbox has ended.");
const stopping = () => new AppError("shutting_down", "The server is stopping.");

/** Why a signal fired, in our words. */
function toReason(signal: AbortSignal): AppError {
  const reason: unknown = signal.reason;
  if (reason instanceof AppError) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError")
    return new AppError("timed_out", "The mail server did not answer in time.");
  return new AppError("cancelled", "The call was cancelled.");
}

/** Settles with `work`, or rejects with the signal's reason as soon as it fires. */
function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(toReason(signal));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** `open` dials, vets and logs in (mail/imap.ts); it must obey its signal. Opens nothing by itself. */
export function createConnections(deps: {
  open(credentials: Credentials, signal: AbortSignal): Promise<ImapFlow>;
  clock: Clock;
  limits?: Partial<ConnectionLimits>;
}): Connections {
  const { open, clock } = deps;
  const limits = { ...connectionLimits, ...deps.limits };
  const notes = createNotes();
  const pauses = createLoginPauses({ clock });
  const slots = new Set<Slot>();
  const waiting = new Set<Waiter>();
  /** Accounts whose server wants no second connection, and until when we believe that. */
  const narrow = new Map<string, number>();
  let stopped = false;

  const ofKey = (key: string) => [...slots].filter((slot) => slot.key === key);
  const heldBy = (grantId: string) => [...slots].filter((slot) => slot.grantId === grantId).length;

  /** Gives a slot up and closes its connection; its place is free at once. */
  function drop(slot: Slot): void {
    clearTimeout(slot.expiry);
    slots.delete(slot);
    if (ofKey(slot.key).length === 0) notes.forget(slot.key);
    slot.imap?.close();
    slot.imap = undefined;
  }

  /** A slot this waiter may have now, if there is one: its own idle one, or a new one where there is room. */
  function findSlot(waiter: Waiter): Slot | undefined {
    const own = ofKey(waiter.key);
    const idle = own.filter((slot) => !slot.busy);
    const ready = idle.find((slot) => mailboxOf(slot) === waiter.mailbox) ?? idle[0];
    if (ready) return ready;
    // One login at a time: what the first one meets (a changed password, a full server) the second need not.
    const opening = own.some((slot) => slot.imap === undefined);
    if (opening || own.length >= limits.perAccount) return undefined;
    if (own.length > 0 && (narrow.get(waiter.key) ?? 0) > clock.now()) return undefined;
    if (slots.size >= limits.total) {
      const [oldest] = [...slots].filter((slot) => !slot.busy).sort((a, b) => a.lastUsedAt - b.lastUsedAt);
      if (!oldest) return undefined;
      drop(oldest);
    }
    const slot: Slot = {
      key: waiter.key,
      grantId: waiter.grantId,
      imap: undefined,
      busy: false,
      lastUsedAt: clock.now(),
      expiry: undefined,
      ended: new AbortController(),
    };
    slots.add(slot);
    return slot;
  }

  /** Hands out what is free, to the grant that holds least first. */
  function pump(): void {
    const line = [...waiting].map((waiter) => ({ waiter, held: heldBy(waiter.grantId) }));
    for (const { waiter } of line.sort((a, b) => a.held - b.held)) {
      const slot = findSlot(waiter);
      if (!slot) continue;
      slot.busy = true;
      clearTimeout(slot.expiry);
      waiting.delete(waiter);
      waiter.grant(slot);
    }
  }

  /** Waits in line for a slot. The line ends with the signal, the grant or the process. */
  function acquire(key: string, grantId: string, lease: Lease): Promise<Slot> {
    return new Promise<Slot>((resolve, reject) => {
      const { signal } = lease;
      const abort = () => waiter.refuse(toReason(signal));
      const waiter: Waiter = {
        key,
        grantId,
        mailbox: lease.mailbox,
        grant(slot) {
          signal.removeEventListener("abort", abort);
          resolve(slot);
        },
        refuse(error) {
          signal.removeEventListener("abort", abort);
          waiting.delete(waiter);
          reject(error);
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      waiting.add(waiter);
      pump();
    });
  }

  /** Takes a slot back: kept when its connection is known to be in order, else given up. */
  function release(slot: Slot, inOrder: boolean): void {
    slot.busy = false;
    slot.lastUsedAt = clock.now();
    if (!inOrder || !slot.imap?.usable || !slots.has(slot)) drop(slot);
    else {
      slot.expiry = setTimeout(() => {
        drop(slot);
        pump();
      }, limits.idleMs);
      slot.expiry.unref();
    }
    pump();
  }

  /** The slot's connection, proven alive or freshly opened. */
  async function connect(
    slot: Slot,
    owner: ConnectionOwner,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<ImapFlow> {
    const unusedMs = clock.now() - slot.lastUsedAt;
    if (slot.imap?.usable && unusedMs > limits.doubtAfterMs[lease.effect]) {
      const proof = AbortSignal.any([signal, AbortSignal.timeout(limits.proofMs)]);
      await untilAborted(proof, slot.imap.noop()).catch(() => slot.imap?.close());
      if (signal.aborted) throw toReason(signal);
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
        if (!slot.busy && slots.has(slot)) drop(slot);
      });
      slot.imap = imap;
      // The next one in line may open its own now.
      queueMicrotask(pump);
      return imap;
    } catch (error) {
      const failure = toAppError(error, "connect");
      const others = ofKey(slot.key).some((other) => other !== slot && other.imap?.usable);
      if (failure.code === "mail_server_busy" && others) narrow.set(slot.key, clock.now() + limits.narrowMs);
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
    const slot = await acquire(toKey(owner), owner.grantId, lease);
    const signal = AbortSignal.any([lease.signal, slot.ended.signal]);
    let imap: ImapFlow | undefined;
    const close = () => imap?.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      imap = await connect(slot, owner, lease, signal);
      const selected = imap;
      const run = async () => {
        if (lease.mailbox !== undefined && mailboxOf(slot) !== lease.mailbox)
          await select(selected, lease.mailbox);
        return work(selected, notes.of(slot.key, selected));
      };
      const done = await untilAborted(signal, run());
      release(slot, true);
      return { done };
    } catch (error) {
      const lost = imap !== undefined && !imap.usable;
      const crowded = imap === undefined && (narrow.get(slot.key) ?? 0) > clock.now();
      release(slot, imap !== undefined && isOrderly(error));
      if (signal.aborted) throw toReason(signal);
      return {
        failed: isBug(error) ? error : toAppError(error, "imap"),
        again: crowded || (lost && lease.effect === "read"),
      };
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  return {
    async use(owner, lease, work) {
      if (stopped) throw stopping();
      if (lease.signal.aborted) throw toReason(lease.signal);
      const first = await attempt(owner, lease, work);
      if ("done" in first) return first.done;
      if (!first.again) throw first.failed;
      const second = await attempt(owner, lease, work);
      if ("done" in second) return second.done;
      throw second.failed;
    },

    closeGrant(grantId) {
      for (const waiter of waiting) if (waiter.grantId === grantId) waiter.refuse(grantEnded());
      for (const slot of slots) {
        if (slot.grantId !== grantId) continue;
        slot.ended.abort(grantEnded());
        pauses.forget(slot.key);
        narrow.delete(slot.key);
        drop(slot);
      }
      pump();
    },

    count: () => slots.size,

    async close() {
      stopped = true;
      for (const waiter of waiting) waiter.refuse(stopping());
      const idle = [...slots].flatMap((slot) => (!slot.busy && slot.imap ? [slot.imap] : []));
      await Promise.all(
        idle.map((imap) => untilAborted(AbortSignal.timeout(limits.logoutMs), imap.logout()).catch(() => {})),
      );
      for (const slot of slots) {
        slot.ended.abort(stopping());
        drop(slot);
      }
    },
  };
}

const toKey = (owner: ConnectionOwner) => `${owner.grantId}/${owner.accountId}`;

/** The mailbox a slot's connection has selected. */
function mailboxOf(slot: Slot): string | undefined {
  const mailbox = slot.imap?.mailbox;
  return mailbox ? mailbox.path : undefined;
}

/** SELECT. A NO means there is no such mailbox for this account, whatever code the server gives it or not. */
async function select(imap: ImapFlow, path: string): Promise<void> {
  try {
    await imap.mailboxOpen(path);
  } catch (error) {
    const failure = toAppError(error, "imap");
    if (failure.code !== "mail_server_failed" || !isOrderly(error)) throw failure;
    throw new AppError("mailbox_not_found", "There is no such mailbox.", { cause: error });
  }
}

/** Our own fault, not the mail server's: goes up as it is. */
function isBug(error: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

/** Whether a failure leaves the connection in a known state: our own refusals, and the server's plain NO. */
function isOrderly(error: unknown): boolean {
  if (error instanceof AppError)
    return !["mail_server_failed", "timed_out", "cancelled"].includes(error.code);
  return error instanceof Error && "responseStatus" in error && error.responseStatus === "NO";
}
