/** CPU time and memory of a child process, from /proc (Linux); undefined where there is none, as on macOS. */
import { readFileSync, writeFileSync } from "node:fs";
import type { MemoryGuard } from "./memory-guard.ts";

export type Resources = { cpuMs: number; memoryBytes: number };

/** USER_HZ and the page size of every Linux that Bun runs on, as /proc states them. */
const tickMs = 10;
const pageBytes = 4096;

export function resourcesOf(pid: number): Resources | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The program's name comes before these fields, in parentheses, and may contain anything (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [userTicks = 0, systemTicks = 0] = fields.slice(11, 13).map(Number);
    return {
      cpuMs: (userTicks + systemTicks) * tickMs,
      memoryBytes: Number(fields[21] ?? 0) * pageBytes,
    };
  } catch {
    return undefined;
  }
}

/** Makes the kernel end this process, and not the server, when memory runs out (proc(5), oom_score_adj). Linux only. */
export function becomeFirstOomVictim(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Not Linux, or a container that forbids it.
  }
}

const checkIntervalMs = 50;

type ResourceLimit = "cpu" | "memory";

/** Kills a child by SIGKILL once it exceeds a limit: CPU time from now on, memory in all. The caller stops the watch. */
export function limitResources(
  child: Bun.Subprocess,
  {
    maxCpuMs = Number.POSITIVE_INFINITY,
    maxMemoryBytes,
    guard,
  }: { maxCpuMs?: number; maxMemoryBytes: number; guard?: MemoryGuard | undefined },
): { exceeded(): ResourceLimit | undefined; stop(): void } {
  const cpuMsBefore = resourcesOf(child.pid)?.cpuMs ?? 0;
  let exceeded: ResourceLimit | undefined;
  const end = (limit: ResourceLimit) => {
    exceeded = limit;
    child.kill("SIGKILL");
  };
  const timer = setInterval(() => {
    const used = resourcesOf(child.pid);
    if (!used || exceeded) return;
    if (used.memoryBytes > maxMemoryBytes) end("memory");
    else if (used.cpuMs - cpuMsBefore > maxCpuMs) end("cpu");
    else guard?.record(child, { bytes: used.memoryBytes, isIdle: false, end: () => end("memory") });
  }, checkIntervalMs);
  return {
    exceeded: () => exceeded,
    stop() {
      clearInterval(timer);
      guard?.forget(child);
    },
  };
}
