/** Waiting for something that happens outside our hands; the only place of the tests that sleeps. */

/** Asks again every `everyMs` until the answer is neither undefined, null nor false; throws after `withinMs`. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  { withinMs = 5_000, everyMs = 10, what = "it" } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const end = performance.now() + withinMs;
  let problem: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false)
        return answer as Exclude<T, undefined | null | false>;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > end)
      throw new Error(`waited ${withinMs} ms for ${what} in vain`, { cause: problem });
    await Bun.sleep(everyMs);
  }
}

/** For what must not happen: lets `ms` pass. */
export function pause(ms: number): Promise<void> {
  return Bun.sleep(ms);
}
