/** A clock that tests move by hand. */
import type { Clock } from "../../src/clock.ts";

export type TestClock = Clock & {
  /** Lets this much time pass, in milliseconds. */
  advance(ms: number): void;
};

/** Starts at the real time, and stands still until it is moved. */
export function createTestClock(startAt = Date.now()): TestClock {
  let now = startAt;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}
