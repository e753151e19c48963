/**
 * Rates by the generic cell rate algorithm (GCRA), which needs one number per key. A flood of new keys evicts the least
 * recently used ones. The limiters available as packages keep one timer per key without an upper bound, and use the wall
 * clock.
 */
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { createLru } from "../lru.ts";

/** Allows `burst` tries at once, then one every `everyMs`. */
export type Rate = { burst: number; everyMs: number };

/** Keys kept per rate; each takes about 100 bytes. */
const maxKeys = 20_000;

/** The numbers of the rates: in memory, or shared by replicas. Keys are kept for as long as their rate is not full. */
export type RateStore = {
  /** Counts one try unless it exceeds the rate. Resolves with the milliseconds by which it does, 0 when it was counted. */
  take(key: string, rate: Rate, nowMs: number): Promise<number>;
  /** Counts one try in any case. Resolves with the milliseconds by which it exceeds the rate, at most `everyMs`. */
  count(key: string, rate: Rate, nowMs: number): Promise<number>;
  /** Gives one try back. */
  refund(key: string, rate: Rate): Promise<void>;
};

export type Rates<Name extends string> = ReturnType<typeof createRates<Name>>;

/** `toStore`: makes the store of one rate, at its first use. */
export function createRates<Name extends string>(
  clock: Clock,
  allRates: Record<Name, Rate>,
  toStore: (name: Name) => RateStore = createMemoryStore,
) {
  const stores = new Map<Name, RateStore>();

  function storeOf(name: Name): RateStore {
    const store = stores.get(name) ?? toStore(name);
    stores.set(name, store);
    return store;
  }

  return {
    /** Counts one try. Throws rate_limited with the seconds until the next is allowed. */
    async consume(name: Name, key: string): Promise<void> {
      const excessMs = await storeOf(name).take(key, allRates[name], clock.now());
      if (excessMs > 0) throw rateLimited(Math.ceil(excessMs / 1000));
    },

    /** Counts one try and never refuses it. Returns the milliseconds by which it exceeds the rate, at most `everyMs`. */
    count: (name: Name, key: string): Promise<number> =>
      storeOf(name).count(key, allRates[name], clock.now()),

    /** Gives one try back. */
    refund: (name: Name, key: string): Promise<void> => storeOf(name).refund(key, allRates[name]),
  };
}

/** Keeps one number per key in memory: the time at which its full burst is available again. */
function createMemoryStore(): RateStore {
  const refillTimes = createLru<string, number>(maxKeys);

  /** Returns the refill time after one more try, and the time by which that try exceeds the rate. */
  function toNext(key: string, { burst, everyMs }: Rate, nowMs: number) {
    const fullMs = nowMs + burst * everyMs;
    const refillMs = refillTimes.get(key) ?? nowMs;
    // Later than a whole burst from now: the clock was set back, and nobody has to wait for that.
    const nextMs = (refillMs > fullMs ? nowMs : Math.max(refillMs, nowMs)) + everyMs;
    return { nextMs, excessMs: Math.max(0, nextMs - fullMs), fullMs };
  }

  return {
    async take(key, rate, nowMs) {
      const { nextMs, excessMs } = toNext(key, rate, nowMs);
      if (excessMs === 0) refillTimes.set(key, nextMs);
      return excessMs;
    },

    async count(key, rate, nowMs) {
      const { nextMs, excessMs, fullMs } = toNext(key, rate, nowMs);
      refillTimes.set(key, Math.min(nextMs, fullMs));
      return excessMs;
    },

    async refund(key, { everyMs }) {
      const refillMs = refillTimes.get(key);
      if (refillMs !== undefined) refillTimes.set(key, refillMs - everyMs);
    },
  };
}

/** Creates the refusal of a try. `seconds`: time until the next is allowed. */
export function rateLimited(seconds: number): AppError {
  return new AppError("rate_limited", `Too many tries at once; the next is free in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });
}
