/**
 * Measured times against a bound, on a machine that may be busy with something else: what a program does too slowly
 * it does so each time, what the machine does once. So a round that is late is made again, and the best one counts.
 */

const rounds = 3;

/** How long some work took, in milliseconds. */
export async function timeOf(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The best of up to three rounds, in milliseconds; the first one within the bound ends it. */
export async function bestOf(boundMs: number, round: () => number | Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let made = 0; made < rounds && best >= boundMs; made++) best = Math.min(best, await round());
  return best;
}

/** The 95th percentile of some calls made one after another, in milliseconds. */
export async function p95Of(calls: number, work: (call: number) => unknown): Promise<number> {
  const times: number[] = [];
  for (let call = 0; call < calls; call++) times.push(await timeOf(() => work(call)));
  return times.toSorted((a, b) => a - b)[Math.floor(calls * 0.95)] ?? Number.POSITIVE_INFINITY;
}
