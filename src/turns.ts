/** Divides long work among turns of the event loop, so that other people's calls are served in between. */

/** Time after which others are let in. One step may take some milliseconds more. */
const turnMs = 10;

/** Returns a function to be called after each step of long work: it waits for the next turn once this one took long enough. */
export function createTurns(): () => Promise<void> {
  let startedAt = performance.now();
  return async () => {
    if (performance.now() - startedAt < turnMs) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    startedAt = performance.now();
  };
}

/** Converts items one after another, in order. Rejects with what `convert` throws. */
export async function mapInTurns<Item, Result>(
  items: readonly Item[],
  convert: (item: Item, at: number) => Result,
): Promise<Result[]> {
  const letOthersIn = createTurns();
  const results: Result[] = [];
  for (const [at, item] of items.entries()) {
    results.push(convert(item, at));
    await letOthersIn();
  }
  return results;
}
