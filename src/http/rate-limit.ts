/**
 * The rate limits and concurrency limits of the product. The counters of rates are in memory and bounded, or
 * shared by replicas. Of a caller's input only
 * the name of a mail server is stored as a key in clear; an account's address is counted under a keyed hash.
 */
import type { Clock } from "../clock.ts";
import { createLoginLimits } from "./login-limits.ts";
import { createRates, type Rate, type RateStore } from "./rates.ts";

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
  /** Failed logins from any peer, per typed address and per user name at its server: beyond it they are delayed. */
  loginByAccount: { burst: 6, everyMs: 60_000 },
  /** Failed logins, per mail server: beyond it they are delayed. */
  loginByHost: { burst: 60, everyMs: 2_000 },
  /** Tool calls, per grant. */
  call: { burst: 60, everyMs: 1_000 },
  /** All other requests to /mcp, per grant. */
  message: { burst: 300, everyMs: 100 },
} as const satisfies Record<string, Rate>;

type RateName = keyof typeof rates;

/** The concurrency limits of the product. */
export const concurrency = {
  /** Logins in progress, per peer; further ones are refused. */
  login: 2,
  /** Logins in progress, over all peers; further ones wait. */
  allLogins: 32,
  /** Logins in progress, per mail server; further ones wait. */
  loginAtServer: 4,
  /** Tool calls, per grant. */
  call: 4,
} as const satisfies Record<string, number>;

type ConcurrencyLimitName = keyof typeof concurrency;

export type Limits = ReturnType<typeof createLimits>;

type CallQueue = { running: number; waiting: (() => void)[] };

export type LimitOptions = {
  clock: Clock;
  /** A keyed hash, so that no account's address is held in memory. */
  hash: (value: string) => string;
  rates?: Partial<Record<RateName, Rate>>;
  concurrency?: Partial<Record<ConcurrencyLimitName, number>>;
  /** Makes the store of one rate; absent: in memory. */
  toStore?: ((name: string) => RateStore) | undefined;
  /** Waits before a delayed login; shorter in tests. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Time a login keeps its place while others wait; shorter in tests. */
  loginPlaceMs?: number | undefined;
};

export function createLimits(deps: LimitOptions) {
  const maxConcurrent = { ...concurrency, ...deps.concurrency };
  const rateCounters = createRates(deps.clock, { ...rates, ...deps.rates }, deps.toStore);
  const { consume } = rateCounters;
  const waitForCall = createCallQueues(maxConcurrent.call);
  return {
    consume,
    ...createLoginLimits({ ...deps, rates: rateCounters, concurrency: maxConcurrent }),

    /**
     * Starts one tool call of a grant; the returned function ends it and must be called once. At the concurrency
     * limit the call waits in order, since a client that sends five calls at once is not abusive. Throws rate_limited
     * beyond the rate, and the signal's reason when that fires first.
     */
    async enterCall(grantId: string, signal: AbortSignal): Promise<() => void> {
      await consume("call", grantId);
      signal.throwIfAborted();
      return waitForCall(grantId, signal);
    },
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
