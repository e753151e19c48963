/**
 * Rates by the generic cell rate algorithm (GCRA), which needs one number per key. A flood of new keys evicts the least
 * recently used ones. The limiters available as packages keep one timer per key without an upper bound, and use the wall
 * clock.
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";

/** Allows `burst` tries at once, then one every `everyMs`. */
export type Rate = { burst: number; everyMs: number };

/** Keys kept per rate; each takes about 100 bytes. */
const maxKeys = 20_000;

export type Rates<Name extends string> = ReturnType<typeof createRates<Name>>;

export function createRates<Name extends string>(clock: Clock, allRates: Record<Name, Rate>) {
  /** Rate and key -> the time at which the full burst is available again, in milliseconds since the epoch. */
  const refillTimes = new Map<Name, LRUCache<string, number>>();

  /** Creates a rate's cache at its first use: an LRU cache allocates space for all its keys at once. */
  function refillTimesOf(name: Name): LRUCache<string, number> {
    const times = refillTimes.get(name) ?? new LRUCache<string, number>({ max: maxKeys });
    refillTimes.set(name, times);
    return times;
  }

  /** Returns the refill time after one more try, and the time by which that try exceeds the rate. */
  function toNext(name: Name, key: string): { nextMs: number; excessMs: number; fullMs: number } {
    const { burst, everyMs } = allRates[name];
    const nowMs = clock.now();
    const fullMs = nowMs + burst * everyMs;
    const refillMs = refillTimesOf(name).get(key) ?? nowMs;
    // Later than a whole burst from now: the clock was set back, and nobody has to wait for that.
    const nextMs = (refillMs > fullMs ? nowMs : Math.max(refillMs, nowMs)) + everyMs;
    return { nextMs, excessMs: nextMs - fullMs, fullMs };
  }

  /** Counts one try. Throws rate_limited with the seconds until the next is allowed. */
  function consume(name: Name, key: string): void {
    const { nextMs, excessMs } = toNext(name, key);
    if (excessMs > 0) throw rateLimited(Math.ceil(excessMs / 1000));
    refillTimesOf(name).set(key, nextMs);
  }

  /** Counts one try and never refuses it. Returns the milliseconds by which it exceeds the rate, at most `everyMs`. */
  function count(name: Name, key: string): number {
    const { nextMs, excessMs, fullMs } = toNext(name, key);
    refillTimesOf(name).set(key, Math.min(nextMs, fullMs));
    return Math.max(0, excessMs);
  }

  /** Gives one try back. */
  function refund(name: Name, key: string): void {
    const times = refillTimesOf(name);
    const refillMs = times.get(key);
    if (refillMs !== undefined) times.set(key, refillMs - allRates[name].everyMs);
  }

  return { consume, count, refund };
}

/** Creates the refusal of a try. `seconds`: time until the next is allowed. */
export function rateLimited(seconds: number): AppError {
  return new AppError("rate_limited", `Too many tries at once; the next is free in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });
}
