/**
 * Durations that do not depend on what else the machine does: CPU time, event-loop time, and growth. A wall clock also
 * counts the time this process waits for a CPU; these do not, so a bound on them holds on a busy machine.
 */
import { existsSync, readFileSync } from "node:fs";
import { resourcesOf } from "../../src/child-process/resources.ts";

const rounds = 3;
const tickMs = 10;

/** The CPU time in milliseconds, user and system, that this process uses during some work. */
export async function cpuMsOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/**
 * Starts counting event-loop time: 10 ms for each 10 ms timer that fires. A loop that is blocked or gets no CPU counts
 * nothing.
 */
export function countLoopMs(): { ms(): number; stop(): void } {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, tickMs);
  return { ms: () => ticks * tickMs, stop: () => clearInterval(timer) };
}

/** The event-loop time in milliseconds that some work takes: for deadlines and waiting. */
export async function loopMsOf(work: () => unknown): Promise<number> {
  const counted = countLoopMs();
  try {
    await work();
  } finally {
    counted.stop();
  }
  return counted.ms();
}

/** The larger of CPU time and event-loop time, in milliseconds: for work that both computes and waits. */
export async function ownMsOf(work: () => unknown): Promise<number> {
  let loopMs = 0;
  const cpuMs = await cpuMsOf(async () => {
    loopMs = await loopMsOf(work);
  });
  return Math.max(cpuMs, loopMs);
}

/**
 * The CPU time in milliseconds that this process and its child processes use during some work. Child processes that end
 * meanwhile are not counted, nor are any where there is no /proc.
 */
export async function cpuMsWithChildrenOf(work: () => unknown): Promise<number> {
  const before = childrenCpuMs();
  const own = await cpuMsOf(work);
  const spent = childrenCpuMs().map(
    ([id, cpuMs]) => cpuMs - (before.find(([known]) => known === id)?.[1] ?? 0),
  );
  return own + spent.reduce((sum, cpuMs) => sum + cpuMs, 0);
}

/** Process ids of the child processes, and the CPU time of each. */
function childrenCpuMs(): [id: number, cpuMs: number][] {
  return childProcessIds().map((id) => [id, resourcesOf(id)?.cpuMs ?? 0]);
}

/** The ids of this process's child processes; none where there is no /proc. */
export function childProcessIds(): number[] {
  const list = `/proc/self/task/${process.pid}/children`;
  if (!existsSync(list)) return [];
  const ids = readFileSync(list, "latin1").trim().split(" ");
  return ids.filter((id) => id !== "").map(Number);
}

/** The best of up to three rounds, in milliseconds; the first one within the bound ends it. */
export async function bestOf(boundMs: number, round: () => number | Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let made = 0; made < rounds && best >= boundMs; made++) best = Math.min(best, await round());
  return best;
}

/** The 95th percentile in milliseconds of own time, of calls made one after another. */
export async function p95Of(calls: number, work: (call: number) => unknown): Promise<number> {
  const times: number[] = [];
  for (let call = 0; call < calls; call++) times.push(await ownMsOf(() => work(call)));
  return times.toSorted((a, b) => a - b)[Math.floor(calls * 0.95)] ?? Number.POSITIVE_INFINITY;
}

/**
 * Measures the growth of CPU time when the size doubles: about 2 for linear work, 4 for quadratic. Work of `size` must
 * take some 10 ms, or noise is measured.
 */
export async function growthOf(size: number, work: (size: number) => unknown): Promise<number> {
  const minOf = async (each: number) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await cpuMsOf(() => work(each)));
    return Math.min(...times);
  };
  // The first rounds also compile.
  await work(size);
  const once = await minOf(size);
  return (await minOf(2 * size)) / Math.max(once, 1);
}

/**
 * The longest time in milliseconds that the thread of the event loop computes without letting a timer fire, during some
 * work: how long another person's call may have to wait. CPU time of the thread, so other processes do not count.
 */
export async function longestStallMsOf(work: () => unknown): Promise<number> {
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let last = cpuMs();
  let longest = 0;
  const measure = () => {
    const now = cpuMs();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(measure, 1);
  try {
    await work();
  } finally {
    clearInterval(timer);
    measure();
  }
  return longest;
}
