/** CPU time and memory of a child process, from /proc (Linux); undefined where there is none, as on macOS. */
import { readFileSync, writeFileSync } from "node:fs";

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
  { maxCpuMs = Number.POSITIVE_INFINITY, maxMemoryBytes }: { maxCpuMs?: number; maxMemoryBytes: number },
): { exceeded(): ResourceLimit | undefined; stop(): void } {
  const cpuMsBefore = resourcesOf(child.pid)?.cpuMs ?? 0;
  let exceeded: ResourceLimit | undefined;
  const timer = setInterval(() => {
    const used = resourcesOf(child.pid);
    if (!used || exceeded) return;
    if (used.memoryBytes > maxMemoryBytes) exceeded = "memory";
    else if (used.cpuMs - cpuMsBefore > maxCpuMs) exceeded = "cpu";
    if (exceeded) child.kill("SIGKILL");
  }, checkIntervalMs);
  return { exceeded: () => exceeded, stop: () => clearInterval(timer) };
}
