/**
 * The places of the connection pool, which are limited per account, per mail server and in all, and the queue for them.
 * Next is a waiter whose grant holds the fewest places, then the one that waited longest. For it an idle connection of
 * others is closed: first an account's second one, whose loss costs least, then the one that was idle longest.
 */
import type { ImapFlow } from "imapflow";
import { toAbortError } from "../abort.ts";
import type { Clock } from "../clock.ts";
import type { AppError } from "../errors.ts";

export type PoolLimits = {
  perAccount: number;
  total: number;
  /** Places for one mail server, over all accounts: some refuse a client with too many connections. */
  perHost: number;
  /** Time that a connection stays open after its last use. */
  idleMs: number;
};

/** One place in the pool. Without `imap` its connection is being opened or closed. */
export type PooledConnection = {
  /** Grant and account. */
  key: string;
  grantId: string;
  /** Name of the mail server. */
  host: string;
  imap: ImapFlow | undefined;
  busy: boolean;
  /** Another connection of the account has changed something since this one last synchronized. */
  stale: boolean;
  lastUsedAt: number;
  /** End of the access token that the login used; undefined after a login with a password. */
  validUntil: number | undefined;
  expiry: ReturnType<typeof setTimeout> | undefined;
  /** Aborts the work that runs on the connection; its reason is why. */
  ended: AbortController;
};

/** The owner of a place: an account of a grant, and its mail server. */
type PlaceOwner = { key: string; grantId: string; host: string };

type Waiter = PlaceOwner & {
  mailbox: string | undefined;
  grant(pooled: PooledConnection): void;
  refuse(error: AppError): void;
};

/** `isLimited`: the account may have one connection only. `onLastClosed`: an account has no connection left. */
export function createPoolQueue(deps: {
  clock: Clock;
  limits: PoolLimits;
  isLimited(key: string): boolean;
  onLastClosed(key: string): void;
}) {
  const { clock, limits, isLimited, onLastClosed } = deps;
  const pool = new Set<PooledConnection>();
  const byKey = new Map<string, Set<PooledConnection>>();
  const perHost = new Map<string, number>();
  const waiting = new Set<Waiter>();
  /** Hosts all of whose places are in use, found since the last place was freed. */
  const fullHosts = new Set<string>();

  const ofKey = (key: string): readonly PooledConnection[] => [...(byKey.get(key) ?? [])];

  /** True when no waiter can be served. Checked first, because it is cheap with a thousand of them. */
  const isFull = () => pool.size >= limits.total && pool.values().every(({ busy }) => busy);

  /** Closes a connection and frees its place at once. */
  function drop(pooled: PooledConnection): void {
    clearTimeout(pooled.expiry);
    if (pool.delete(pooled)) forget(pooled);
    const { imap } = pooled;
    pooled.imap = undefined;
    imap?.close();
  }

  function remember(pooled: PooledConnection): void {
    pool.add(pooled);
    byKey.set(pooled.key, new Set([...ofKey(pooled.key), pooled]));
    perHost.set(pooled.host, (perHost.get(pooled.host) ?? 0) + 1);
  }

  function forget({ key, host }: PooledConnection): void {
    const left = ofKey(key).filter((pooled) => pool.has(pooled));
    byKey.set(key, new Set(left));
    const count = (perHost.get(host) ?? 1) - 1;
    perHost.set(host, count);
    if (count === 0) perHost.delete(host);
    if (left.length > 0) return;
    byKey.delete(key);
    onLastClosed(key);
  }

  /** Closes the idle connection whose loss costs least, among those of a host or all. False when all are in use. */
  function closeIdle(host?: string): boolean {
    const isOnly = ({ key }: PooledConnection) => (ofKey(key).length > 1 ? 0 : 1);
    let least: PooledConnection | undefined;
    for (const pooled of pool) {
      if (pooled.busy || (host !== undefined && pooled.host !== host)) continue;
      const order = least && (isOnly(pooled) - isOnly(least) || pooled.lastUsedAt - least.lastUsedAt);
      if (order === undefined || order < 0) least = pooled;
    }
    if (least) drop(least);
    return least !== undefined;
  }

  /** Returns a place that this waiter may have now: an idle one of its account, or a new one where there is room. */
  function findPlace(waiter: Waiter): PooledConnection | undefined {
    const own = ofKey(waiter.key);
    const idle = own.filter(({ busy }) => !busy);
    const ready = idle.find((pooled) => selectedMailbox(pooled) === waiter.mailbox) ?? idle[0];
    if (ready) return ready;
    // One login at a time: a second one would meet the same changed password or full server.
    const isOpening = own.some(({ imap }) => imap === undefined);
    if (isOpening || own.length >= limits.perAccount) return undefined;
    if (own.length > 0 && isLimited(waiter.key)) return undefined;
    const isHostFull = (perHost.get(waiter.host) ?? 0) >= limits.perHost;
    if (fullHosts.has(waiter.host)) return undefined;
    if (isHostFull && !closeIdle(waiter.host)) {
      fullHosts.add(waiter.host);
      return undefined;
    }
    if (pool.size >= limits.total && !closeIdle()) return undefined;
    const pooled: PooledConnection = {
      key: waiter.key,
      grantId: waiter.grantId,
      host: waiter.host,
      imap: undefined,
      busy: false,
      stale: false,
      lastUsedAt: clock.now(),
      validUntil: undefined,
      expiry: undefined,
      ended: new AbortController(),
    };
    remember(pooled);
    return pooled;
  }

  /** Gives free places to waiters, the grants that hold the fewest first. */
  function dispatch(): void {
    if (waiting.size === 0 || isFull()) return;
    fullHosts.clear();
    const held = new Map<string, number>();
    for (const { grantId } of pool) held.set(grantId, (held.get(grantId) ?? 0) + 1);
    // One pass per number of places held: with a thousand waiters, sorting them each time would be quadratic.
    const mostHeld = Math.max(0, ...held.values());
    for (let places = 0; places <= mostHeld; places += 1) {
      for (const waiter of waiting) {
        if ((held.get(waiter.grantId) ?? 0) === places) serve(waiter);
        if (isFull()) return;
      }
    }
  }

  /** Gives the waiter a place if there is one for it. */
  function serve(waiter: Waiter): void {
    const pooled = findPlace(waiter);
    if (!pooled) return;
    pooled.busy = true;
    clearTimeout(pooled.expiry);
    waiting.delete(waiter);
    waiter.grant(pooled);
  }

  /** Waits for a place. Rejects when the signal fires, the grant ends or the process stops. */
  function acquire(
    owner: PlaceOwner,
    want: { mailbox?: string; signal: AbortSignal },
  ): Promise<PooledConnection> {
    return new Promise<PooledConnection>((resolve, reject) => {
      const { signal } = want;
      const abort = () => waiter.refuse(toAbortError(signal));
      const waiter: Waiter = {
        ...owner,
        mailbox: want.mailbox,
        grant(pooled) {
          signal.removeEventListener("abort", abort);
          resolve(pooled);
        },
        refuse(error) {
          signal.removeEventListener("abort", abort);
          waiting.delete(waiter);
          reject(error);
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      waiting.add(waiter);
      dispatch();
    });
  }

  /** Takes a connection back: kept open when it is in a known state, else closed. */
  function release(pooled: PooledConnection, isOrderly: boolean): void {
    pooled.busy = false;
    pooled.lastUsedAt = clock.now();
    const validMs = (pooled.validUntil ?? Number.POSITIVE_INFINITY) - clock.now();
    if (!isOrderly || !pooled.imap?.usable || !pool.has(pooled) || validMs <= 0) drop(pooled);
    else {
      pooled.expiry = setTimeout(
        () => {
          drop(pooled);
          dispatch();
        },
        Math.min(limits.idleMs, validMs),
      );
      pooled.expiry.unref();
    }
    dispatch();
  }

  return {
    acquire,
    release,
    drop,
    dispatch,
    all: (): readonly PooledConnection[] => [...pool],
    /** Rejects the waiters of a grant; without one, all waiters. */
    refuse(error: AppError, grantId?: string): void {
      for (const waiter of waiting)
        if (grantId === undefined || waiter.grantId === grantId) waiter.refuse(error);
    },
  };
}

/** The path of the mailbox that a connection has selected. */
export function selectedMailbox({ imap }: PooledConnection): string | undefined {
  return imap?.mailbox ? imap.mailbox.path : undefined;
}
