/**
 * The places connections take: two an account, 64 in all, and the line of who waits for one. Whose grant holds the
 * fewest is next, then who came first; an idle connection of somebody else makes room.
 */
import type { ImapFlow } from "imapflow";
import { toReason } from "../abort.ts";
import type { Clock } from "../clock.ts";
import type { AppError } from "../errors.ts";

export type PlaceLimits = {
  perAccount: number;
  total: number;
  /** How long a connection is kept after its last use. */
  idleMs: number;
};

/** One place for a connection. Without `imap` it is being opened, or closed. */
export type Slot = {
  key: string;
  grantId: string;
  imap: ImapFlow | undefined;
  busy: boolean;
  /** Another connection of the account has changed something since this one last looked. */
  behind: boolean;
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

/** `isNarrow`: the account makes do with one. `onLast`: an account's last connection is gone. */
export function createPlaces(deps: {
  clock: Clock;
  limits: PlaceLimits;
  isNarrow(key: string): boolean;
  onLast(key: string): void;
}) {
  const { clock, limits, isNarrow, onLast } = deps;
  const slots = new Set<Slot>();
  const waiting = new Set<Waiter>();

  const ofKey = (key: string) => [...slots].filter((slot) => slot.key === key);

  /** Nobody can be given anything: with a thousand in line, that is seen at a glance. */
  const isFull = () => slots.size >= limits.total && slots.values().every((slot) => slot.busy);

  /** Gives a slot up and closes its connection; its place is free at once. */
  function drop(slot: Slot): void {
    clearTimeout(slot.expiry);
    slots.delete(slot);
    if (ofKey(slot.key).length === 0) onLast(slot.key);
    const { imap } = slot;
    slot.imap = undefined;
    imap?.close();
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
    if (own.length > 0 && isNarrow(waiter.key)) return undefined;
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
      behind: false,
      lastUsedAt: clock.now(),
      expiry: undefined,
      ended: new AbortController(),
    };
    slots.add(slot);
    return slot;
  }

  /** Hands out what is free, to the grant that holds least first. */
  function pump(): void {
    if (waiting.size === 0 || isFull()) return;
    const held = new Map<string, number>();
    for (const { grantId } of slots) held.set(grantId, (held.get(grantId) ?? 0) + 1);
    const line = [...waiting].map((waiter) => ({ waiter, held: held.get(waiter.grantId) ?? 0 }));
    for (const { waiter } of line.sort((a, b) => a.held - b.held)) {
      if (isFull()) return;
      const slot = findSlot(waiter);
      if (!slot) continue;
      slot.busy = true;
      clearTimeout(slot.expiry);
      waiting.delete(waiter);
      waiter.grant(slot);
    }
  }

  /** Waits in line for a slot. The line ends with the signal, the grant or the process. */
  function acquire(
    key: string,
    grantId: string,
    want: { mailbox?: string; signal: AbortSignal },
  ): Promise<Slot> {
    return new Promise<Slot>((resolve, reject) => {
      const { signal } = want;
      const abort = () => waiter.refuse(toReason(signal));
      const waiter: Waiter = {
        key,
        grantId,
        mailbox: want.mailbox,
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

  return {
    acquire,
    release,
    drop,
    /** Looks again who may go on. */
    pump,
    all: (): readonly Slot[] => [...slots],
    /** Refuses everybody in line whose grant it is; without one, everybody. */
    refuse(error: AppError, grantId?: string): void {
      for (const waiter of waiting)
        if (grantId === undefined || waiter.grantId === grantId) waiter.refuse(error);
    },
  };
}

/** The mailbox a slot's connection has selected. */
export function mailboxOf(slot: Slot): string | undefined {
  const mailbox = slot.imap?.mailbox;
  return mailbox ? mailbox.path : undefined;
}
