/**
 * Rate limits and concurrency limits. All counters are in memory and bounded: a flood of new keys evicts the least
 * recently used ones. Of a caller's input only the name of a mail server is stored as a key in clear; an account's
 * address is counted under a keyed hash.
 *
 * The generic cell rate algorithm needs one number per key, kept in an LRU cache. The limiters available as packages
 * keep one timer per key without an upper bound, and use the wall clock.
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";

/** Allows `burst` tries at once, then one every `everyMs`. */
type Rate = { burst: number; everyMs: number };

/**
 * The rates of the product. A peer is an IPv4 address or an IPv6 /64, which one household or one attacker has.
 * Claude's cloud calls on behalf of all its users from a few addresses, so the rates of the endpoints it calls
 * (register, token, wrongToken) are wide.
 */
export const rates = {
  /** Opening and submitting pages under /oauth, per peer. Logins, which are expensive, have their own rates. */
  page: { burst: 300, everyMs: 200 },
  /** Registering a client, per peer. */
  register: { burst: 60, everyMs: 2_000 },
  /** The token and revocation endpoints, per peer. */
  token: { burst: 300, everyMs: 200 },
  /** Requests with an invalid bearer token, per peer. */
  wrongToken: { burst: 300, everyMs: 200 },
  /** Failed logins, per peer. */
  loginByPeer: { burst: 10, everyMs: 30_000 },
  /** Failed logins from any peer, per typed address and per user name at its server. */
  loginByAccount: { burst: 6, everyMs: 60_000 },
  /** Failed logins, per mail server. */
  loginByHost: { burst: 60, everyMs: 1_000 },
  /** Tool calls, per grant. */
  call: { burst: 60, everyMs: 1_000 },
  /** All other requests to /mcp, per grant. */
  message: { burst: 300, everyMs: 100 },
} as const satisfies Record<string, Rate>;

type RateName = keyof typeof rates;

/** The concurrency limits of the product. */
export const concurrency = {
  /** Logins in progress, per peer. */
  login: 2,
  /** Logins in progress, over all peers. */
  allLogins: 32,
  /** Tool calls, per grant. */
  call: 4,
} as const satisfies Record<string, number>;

type ConcurrencyLimitName = keyof typeof concurrency;

export type Limits = ReturnType<typeof createLimits>;

type CallQueue = { running: number; waiting: (() => void)[] };

/** Keys kept per rate; each takes about 100 bytes. */
const maxKeys = 20_000;

export type LimitOptions = {
  clock: Clock;
  /** A keyed hash, so that no account's address is held in memory. */
  hash: (value: string) => string;
  rates?: Partial<Record<RateName, Rate>>;
  concurrency?: Partial<Record<ConcurrencyLimitName, number>>;
};

export function createLimits(deps: LimitOptions) {
  const { consume, consumeRefundable } = createRates(deps.clock, { ...rates, ...deps.rates });
  const maxConcurrent = { ...concurrency, ...deps.concurrency };
  const acquire = createConcurrency(maxConcurrent);
  const waitForCall = createCallQueues(maxConcurrent.call);
  return {
    consume,

    /**
     * Runs a login at a third party's mail server on behalf of `peer`. The try is counted before it is made, so that
     * a hundred parallel tries cannot pass. It is given back when `work` succeeds, so that users behind one address
     * do not block each other, and when the host was refused, because then no server was contacted.
     *
     * `accounts` are all names that identify the account whose password is tried: the typed user name may differ
     * from the typed address. Throws rate_limited, or what `work` throws.
     */
    async withLogin<T>(
      attempt: { peer: string; accounts: readonly string[]; hosts: readonly string[] },
      work: () => Promise<T>,
    ): Promise<T> {
      const accounts = new Set(attempt.accounts.map((name) => deps.hash(name.trim().toLowerCase())));
      const hosts = new Set(attempt.hosts.map((host) => host.toLowerCase()));
      const release = acquireAll([() => acquire("login", attempt.peer), () => acquire("allLogins", "all")]);
      try {
        const refundAll = acquireAll([
          consumeRefundable("loginByPeer", attempt.peer),
          ...[...accounts].map((account) => consumeRefundable("loginByAccount", account)),
          ...[...hosts].map((host) => consumeRefundable("loginByHost", host)),
        ]);
        try {
          const result = await work();
          refundAll();
          return result;
        } catch (error) {
          if (error instanceof AppError && error.code === "host_refused") refundAll();
          throw error;
        }
      } finally {
        release();
      }
    },

    /**
     * Starts one tool call of a grant; the returned function ends it and must be called once. At the concurrency
     * limit the call waits in order, since a client that sends five calls at once is not abusive. Throws rate_limited
     * beyond the rate, and the signal's reason when that fires first.
     */
    async enterCall(grantId: string, signal: AbortSignal): Promise<() => void> {
      consume("call", grantId);
      signal.throwIfAborted();
      return waitForCall(grantId, signal);
    },
  };
}

/** The rates by the generic cell rate algorithm (GCRA). */
function createRates(clock: Clock, allRates: Record<RateName, Rate>) {
  /** Rate and key -> the time at which the full burst is available again, in milliseconds since the epoch. */
  const refillTimes = new Map<RateName, LRUCache<string, number>>();

  /** Creates a rate's cache at its first use: an LRU cache allocates space for all its keys at once. */
  function refillTimesOf(name: RateName): LRUCache<string, number> {
    const times = refillTimes.get(name) ?? new LRUCache<string, number>({ max: maxKeys });
    refillTimes.set(name, times);
    return times;
  }

  /** Counts one try. Throws rate_limited with the seconds until the next is allowed. */
  function consume(name: RateName, key: string): void {
    const { burst, everyMs } = allRates[name];
    const nowMs = clock.now();
    const times = refillTimesOf(name);
    const refillMs = times.get(key) ?? nowMs;
    // Later than a whole burst from now: the clock was set back, and nobody has to wait for that.
    const nextMs = (refillMs > nowMs + burst * everyMs ? nowMs : Math.max(refillMs, nowMs)) + everyMs;
    const waitMs = nextMs - burst * everyMs - nowMs;
    if (waitMs > 0) throw rateLimited(Math.ceil(waitMs / 1000));
    times.set(key, nextMs);
  }

  /** Gives one try back. */
  function refund(name: RateName, key: string): void {
    const times = refillTimesOf(name);
    const refillMs = times.get(key);
    if (refillMs !== undefined) times.set(key, refillMs - allRates[name].everyMs);
  }

  const consumeRefundable = (name: RateName, key: string) => () => {
    consume(name, key);
    return () => refund(name, key);
  };
  return { consume, consumeRefundable };
}

/** Returns the function that starts an operation; the function that it returns ends it, and must be called once. */
function createConcurrency(maxConcurrent: Record<ConcurrencyLimitName, number>) {
  const inFlight = new Map<string, number>();

  /** Throws rate_limited at the limit. */
  return function acquire(name: ConcurrencyLimitName, key: string): () => void {
    const counter = `${name} ${key}`;
    const count = inFlight.get(counter) ?? 0;
    if (count >= maxConcurrent[name]) throw rateLimited(5);
    inFlight.set(counter, count + 1);
    return () => {
      const left = (inFlight.get(counter) ?? 1) - 1;
      if (left > 0) inFlight.set(counter, left);
      else inFlight.delete(counter);
    };
  };
}

/** Returns the function that starts a call, after those that wait before it, and gives the function that ends it. */
function createCallQueues(maxRunning: number) {
  const queues = new Map<string, CallQueue>();

  return async function waitForCall(grantId: string, signal: AbortSignal): Promise<() => void> {
    const queue = queues.get(grantId) ?? { running: 0, waiting: [] };
    queues.set(grantId, queue);
    if (queue.running < maxRunning) queue.running += 1;
    else await waitForTurn(queue, signal);
    return () => {
      // Starting the next call keeps the number of running calls as it is.
      const startNext = queue.waiting.shift();
      if (startNext) startNext();
      else queue.running -= 1;
      if (queue.running === 0) queues.delete(grantId);
    };
  };
}

/** Acquires all or none. Returns the function that releases all; throws what the first failing one throws. */
function acquireAll(acquirers: readonly (() => () => void)[]): () => void {
  const releases: (() => void)[] = [];
  const releaseAll = () => {
    for (const release of releases) release();
  };
  try {
    for (const acquireOne of acquirers) releases.push(acquireOne());
  } catch (error) {
    releaseAll();
    throw error;
  }
  return releaseAll;
}

/** Resolves when a running call hands its slot on. Rejects with the signal's reason. */
function waitForTurn(queue: CallQueue, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const start = () => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    const leave = () => {
      queue.waiting.splice(queue.waiting.indexOf(start), 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    queue.waiting.push(start);
  });
}

function rateLimited(seconds: number): AppError {
  return new AppError("rate_limited", `Too many tries at once; the next is free in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });
}
