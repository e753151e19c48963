/** A clock that tests set. */
import type { Clock } from "../../src/clock.ts";

export type TestClock = Clock & {
  /** Advances the clock, in milliseconds. */
  advance(ms: number): void;
};

/** Makes a clock that shows `startAt`, by default the current time, until it is advanced. */
export function createTestClock(startAt = Date.now()): TestClock {
  let now = startAt;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}
