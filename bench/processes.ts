/** Server processes under measurement. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "../test/support/authority.ts";
import { testSettings } from "../test/support/product.ts";

export type ServerProcess = {
  url: string;
  clientId: string;
  clientSecret: string;
  pid: number;
  stop(): Promise<void>;
};

/** Starts a file of this folder, which prints its address as a line of JSON. */
export async function startServer(
  file: "server.ts" | "bare-server.ts",
  settings: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, file)], {
    env: {
      ...testSettings(settings),
      NODE_EXTRA_CA_CERTS: trustedAuthority().bundleFile,
      PATH: process.env.PATH ?? "",
    },
    stdin: "pipe",
    stdout: "pipe",
    // Logging is part of the work; where it ends is not.
    stderr: Bun.file(process.env.BENCH_LOG ?? "/dev/null"),
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  if (!value) throw new Error(`${file} did not start`);
  return {
    ...JSON.parse(new TextDecoder().decode(value)),
    pid: child.pid,
    async stop() {
      child.stdin.end();
      await child.exited;
    },
  };
}

/** Resident memory in MB. */
export function residentMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) / 1024;
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
