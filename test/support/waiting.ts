/** Waiting for events outside the test's control. The only place in the tests that sleeps. */
import { countLoopMs } from "./own-time.ts";

/**
 * Asks again every `everyMs` until the answer is neither undefined, null nor false, and returns it. Throws after
 * `withinMs` of event-loop time, which does not pass while this process waits for a CPU.
 */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  { withinMs = 5_000, everyMs = 10, what = "it" } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const waited = countLoopMs();
  let problem: unknown;
  try {
    for (;;) {
      try {
        const answer = await ask();
        if (answer !== undefined && answer !== null && answer !== false)
          return answer as Exclude<T, undefined | null | false>;
        problem = undefined;
      } catch (error) {
        problem = error;
      }
      if (waited.ms() > withinMs) break;
      await Bun.sleep(everyMs);
    }
  } finally {
    waited.stop();
  }
  throw new Error(`waited ${withinMs} ms for ${what} in vain`, { cause: problem });
}

/** Lets `ms` pass, to see that something does not happen. */
export function pause(ms: number): Promise<void> {
  return Bun.sleep(ms);
}
