/**
 * The pool of IMAP connections: the only place that opens one.
 *
 * Connections are keyed by grant and account, never by anything typed, so that two grants never share one. A connection
 * stays open for ten minutes after its last use, with its mailbox selected; pool-queue.ts limits their number.
 */

import type { ImapFlow } from "imapflow";
import { closingOn, raceAbort, toAbortError, withDeadline } from "../abort.ts";
import type { Clock } from "../clock.ts";
import { type ConnectionOwner, type Credentials, watchExpiry } from "../credentials.ts";
import { AppError, LostWriteError } from "../errors.ts";
import { createLru } from "../lru.ts";
import { toImapError } from "./failures.ts";
import { selectAndRead } from "./flights.ts";
import { attachListMemory } from "./list-memory.ts";
import { createLoginPauses } from "./login-pause.ts";
import { createMailboxCaches, type MailboxCache } from "./mailbox-cache.ts";
import { learnFromLoss, sessionSettled } from "./pipeline.ts";
import { createPoolQueue, type PooledConnection, type PoolLimits, selectedMailbox } from "./pool-queue.ts";
import { isOrderly, noteCurrent, selectMailbox } from "./select.ts";
import { attachServerFacts, createServerMemory, type ServerFacts } from "./server-memory.ts";

type Lease = {
  /** Path of a mailbox to have selected (not a role); absent when none is needed. */
  mailbox?: string;
  /** The UIDVALIDITY under which an email of the mailbox is read: SELECT and the work are sent in one flight. */
  uidValidity?: bigint;
  /** Reading is repeated on a fresh connection when the first one was dead; writing never is. */
  effect: "read" | "write";
  /** The call's deadline and its caller. Ends the work by closing the connection. */
  signal: AbortSignal;
};

/**
 * Work on a leased connection, with the cache of the mailbox that is selected. `cacheOf` returns the cache of the mailbox
 * that a view of the connection has selected.
 */
export type ConnectionWork<T> = (
  imap: ImapFlow,
  cache: MailboxCache,
  cacheOf: (view: ImapFlow) => MailboxCache,
) => Promise<T>;

export type Connections = {
  /** Leases a connection for the duration of `work`. Throws the AppErrors of openImap, select and failures. */
  use<T>(owner: ConnectionOwner, lease: Lease, work: ConnectionWork<T>): Promise<T>;
  /** The number of connections of the account that are open and idle. */
  countIdle(owner: ConnectionOwner): number;
  /** Closes all connections of a grant at once and refuses new ones: it was revoked, expired or replayed. */
  closeGrant(grantId: string): void;
  /** The number of connections that are open or being opened. */
  count(): number;
  /** Logs all connections out; for the end of the process. */
  close(): Promise<void>;
};

export type ConnectionLimits = PoolLimits & {
  /** A connection unused for longer is probed by NOOP before it is leased: one round trip. */
  probeAfterMs: number;
  /** Maximum duration of a probe. */
  probeMs: number;
  /** Time that an account is limited to one connection after a second one was refused. */
  singleConnectionMs: number;
  /** Maximum octets a mail server may send in one call: twice the largest email. */
  bytesPerCall: number;
  /** Maximum duration of logging out at the end of the process. */
  logoutMs: number;
};

const connectionLimits: ConnectionLimits = {
  perAccount: 2,
  total: 64,
  perHost: 500,
  idleMs: 600_000,
  probeAfterMs: 5_000,
  probeMs: 4_000,
  singleConnectionMs: 60_000,
  bytesPerCall: 96 * 1024 * 1024,
  logoutMs: 2_000,
};

/** The codes by which a mail server may refuse one more connection; some never greet it. */
const refusalCodes: ReadonlySet<AppError["code"]> = new Set([
  "mail_server_busy",
  "mail_server_failed",
  "login_refused",
  "host_unreachable",
  "not_a_mail_server",
]);

const grantEnded = () => new AppError("cancelled", "The permission for this mailbox has ended.");
const tooManyBytes = () => new AppError("mail_server_failed", "The mail server sent more than fits.");
const stopping = () => new AppError("shutting_down", "The server is stopping.");

/** Calls `onExcess` when the connection has received more than `maxBytes` from now on. The caller clears it. */
function watchBytes(imap: ImapFlow, maxBytes: number, onExcess: () => void): ReturnType<typeof setInterval> {
  const before = imap.stats().received;
  return setInterval(() => {
    if (imap.stats().received - before > maxBytes) onExcess();
  }, 250);
}

/**
 * The outcome of one attempt at a lease. `retry`: a second attempt may succeed. `learned`: so may a further one, since
 * this one found an email whose answer ends the connection (MailboxCache.unreadable).
 */
type LeaseAttempt<T> = { done: T } | { failed: unknown; retry: boolean; learned: boolean };

const maxAttempts = 2;
const maxLearningAttempts = 6;

/** `open` resolves, vets and logs in (connect.ts); it must obey its signal. Opens nothing until a lease is asked for. */
export function createConnections(deps: {
  open(credentials: Credentials, signal: AbortSignal, facts: ServerFacts): Promise<ImapFlow>;
  clock: Clock;
  limits?: Partial<ConnectionLimits>;
}): Connections {
  const { open, clock } = deps;
  const limits = { ...connectionLimits, ...deps.limits };
  const caches = createMailboxCaches({ clock });
  const pauses = createLoginPauses({ clock });
  const servers = createServerMemory({ clock });
  /** Accounts whose server refused a second connection, and until when they are limited to one. */
  const limitedUntil = new Map<string, number>();
  const isLimited = (key: string) => (limitedUntil.get(key) ?? 0) > clock.now();
  const queue = createPoolQueue({
    clock,
    limits,
    isLimited,
    onLastClosed(key) {
      caches.forget(key);
      limitedUntil.delete(key);
    },
  });
  let stopped = false;
  /** Ended grants, which never return; work that outlives an aborted call may still hold their passwords. */
  const endedGrants = createLru<string, true>(1_000);

  /** Closes a connection that does not answer NOOP in time. */
  async function probe(imap: ImapFlow, signal: AbortSignal): Promise<void> {
    await raceAbort(withDeadline(signal, limits.probeMs), imap.noop()).catch(() => imap.close());
    if (signal.aborted) throw toAbortError(signal);
  }

  /** Returns the connection of a place in the pool: probed where necessary, or freshly opened. */
  async function connect(
    pooled: PooledConnection,
    owner: ConnectionOwner,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<ImapFlow> {
    const unusedMs = clock.now() - pooled.lastUsedAt;
    // A connection ends with the token of its login: the server goes on after the permission was taken back.
    if (pooled.validUntil !== undefined && pooled.validUntil <= clock.now()) pooled.imap?.close();
    // Not every response reports what another connection removed: Dovecot's to a search by UIDs does not.
    const isStale = pooled.stale && lease.effect === "read";
    if (pooled.imap?.usable && (isStale || unusedMs > limits.probeAfterMs)) {
      // Nothing is sent behind NOOP: Dovecot answers that last, and what it tells before would seem to belong to it.
      await probe(pooled.imap, signal);
      pooled.stale = false;
    }
    if (pooled.imap?.usable) return pooled.imap;
    pooled.imap?.close();
    pooled.imap = undefined;
    pauses.requireNoPause(pooled.key);
    try {
      pooled.validUntil = undefined;
      const watched = watchExpiry(owner.credentials, (expiresAt) => {
        pooled.validUntil = expiresAt;
      });
      const facts = servers.factsOf(owner.credentials.imap);
      const imap = await open(watched, signal, facts);
      attachServerFacts(imap, facts);
      attachListMemory(imap, caches.listOf(pooled.key));
      if (signal.aborted) {
        imap.close();
        throw toAbortError(signal);
      }
      // A server that hangs up on an idle connection must not leave its place in the pool occupied.
      imap.once("close", () => {
        if (!pooled.busy && pooled.imap === imap) queue.drop(pooled);
      });
      pooled.imap = imap;
      // The account's next waiter may open a connection of its own now.
      queueMicrotask(queue.dispatch);
      return imap;
    } catch (error) {
      const failure = toImapError(error, "connect");
      const hasOther = queue
        .all()
        .some((other) => other !== pooled && other.key === pooled.key && other.imap?.usable);
      // Beside a connection that was accepted, a refusal is about the number of connections, whatever its code.
      if (hasOther && refusalCodes.has(failure.code))
        limitedUntil.set(pooled.key, clock.now() + limits.singleConnectionMs);
      else pauses.remember(pooled.key, failure);
      throw failure;
    }
  }

  /** Runs `work` once: acquire, connect, select, work, release. */
  async function attempt<T>(
    owner: ConnectionOwner,
    lease: Lease,
    work: ConnectionWork<T>,
  ): Promise<LeaseAttempt<T>> {
    const { grantId, credentials } = owner;
    const place = { key: toPoolKey(owner), grantId, host: credentials.imap.host };
    const pooled = await queue.acquire(place, lease);
    const excess = new AbortController();
    const signal = AbortSignal.any([lease.signal, pooled.ended.signal, excess.signal]);
    let imap: ImapFlow | undefined;
    let hasBegun = false;
    let watch: ReturnType<typeof setInterval> | undefined;
    let known: { cache: MailboxCache; unreadable: number } | undefined;
    using _closing = closingOn(signal, () => imap?.close());
    try {
      const connected = await connect(pooled, owner, lease, signal);
      imap = connected;
      watch = watchBytes(connected, limits.bytesPerCall, () => excess.abort(tooManyBytes()));
      const begin = (view: ImapFlow) => {
        const cache = caches.get(pooled.key, view);
        known = { cache, unreadable: cache.unreadable.size };
        hasBegun = true;
        return work(view, cache, (other) => caches.get(pooled.key, other));
      };
      const run = async () => {
        const { mailbox: path, uidValidity } = lease;
        const selects = path !== undefined && selectedMailbox(pooled) !== path;
        noteCurrent(connected, selects);
        const select = () => selectMailbox(connected, path ?? "");
        if (selects && uidValidity !== undefined && lease.effect === "read")
          return selectAndRead(connected, { path, uidValidity }, select, begin);
        if (selects) await select();
        else if (lease.effect === "write") await sessionSettled(connected);
        return begin(connected);
      };
      const done = await raceAbort(signal, run());
      if (lease.effect === "write") markOthersStale(pooled);
      queue.release(pooled, true);
      return { done };
    } catch (error) {
      const isLost = imap !== undefined && !imap.usable;
      const isRefusedSecond = imap === undefined && isLimited(pooled.key);
      // A call that our own deadline ended tells nothing about the emails.
      if (signal.aborted) known?.cache.suspects.clear();
      const learned = known !== undefined && known.cache.unreadable.size > known.unreadable;
      queue.release(pooled, imap !== undefined && isOrderly(error));
      if (imap && isLost && !signal.aborted) await learnFromLoss(imap);
      if (signal.aborted) throw toAbortError(signal);
      if (isBug(error)) return { failed: error, retry: false, learned };
      // After a command of a write the connection alone does not tell whether the server executed it.
      if (isLost && hasBegun && lease.effect === "write")
        return { failed: new LostWriteError(error), retry: false, learned };
      return {
        failed: toImapError(error, "command"),
        retry: isRefusedSecond || isLost || (learned && lease.effect === "read"),
        learned,
      };
    } finally {
      clearInterval(watch);
    }
  }

  function markOthersStale(pooled: PooledConnection): void {
    for (const other of queue.all()) if (other !== pooled && other.key === pooled.key) other.stale = true;
  }

  return {
    async use(owner, lease, work) {
      if (stopped) throw stopping();
      if (endedGrants.has(owner.grantId)) throw grantEnded();
      if (lease.signal.aborted) throw toAbortError(lease.signal);
      for (let made = 1; ; made += 1) {
        const outcome = await attempt(owner, lease, work);
        if ("done" in outcome) return outcome.done;
        const most = outcome.learned ? maxLearningAttempts : maxAttempts;
        if (!outcome.retry || made >= most) throw outcome.failed;
      }
    },

    countIdle: (owner) =>
      queue
        .all()
        .filter((pooled) => pooled.key === toPoolKey(owner) && !pooled.busy && pooled.imap?.usable === true)
        .length,

    closeGrant(grantId) {
      endedGrants.set(grantId, true);
      queue.refuse(grantEnded(), grantId);
      for (const pooled of queue.all()) {
        if (pooled.grantId !== grantId) continue;
        pooled.ended.abort(grantEnded());
        pauses.forget(pooled.key);
        queue.drop(pooled);
      }
      queue.dispatch();
    },

    count: () => queue.all().length,

    async close() {
      stopped = true;
      queue.refuse(stopping());
      const idle = queue.all().flatMap(({ busy, imap }) => (!busy && imap ? [imap] : []));
      await Promise.all(
        idle.map((imap) => raceAbort(AbortSignal.timeout(limits.logoutMs), imap.logout()).catch(() => {})),
      );
      for (const pooled of queue.all()) {
        pooled.ended.abort(stopping());
        queue.drop(pooled);
      }
    },
  };
}

const toPoolKey = (owner: ConnectionOwner) => `${owner.grantId}/${owner.accountId}`;

/** True for an error of our own code, which is thrown as it is. */
function isBug(error: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}
