/** The measured server processes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "../test/support/authority.ts";
import { testSettings } from "../test/support/product.ts";

export type ServerProcess = {
  url: string;
  clientId: string;
  clientSecret: string;
  dataDir: string;
  settings: Readonly<Record<string, string>>;
  pid: number;
  stop(): Promise<void>;
  /** Ends the process with SIGKILL. */
  kill(): Promise<void>;
};

/** Starts a server file of this folder, or of the same in another checkout, and reads its address from the line of JSON that it prints. */
export async function startServer(
  file: "server.ts" | "bare-server.ts",
  settings: Readonly<Record<string, string>> = {},
  folder = import.meta.dir,
): Promise<ServerProcess> {
  const allSettings = testSettings(settings);
  const child = Bun.spawn([process.execPath, join(folder, file)], {
    env: {
      ...allSettings,
      NODE_EXTRA_CA_CERTS: trustedAuthority().bundleFile,
      PATH: process.env.PATH ?? "",
    },
    stdin: "pipe",
    stdout: "pipe",
    // Writing the log is measured; its destination is not.
    stderr: Bun.file(process.env.BENCH_LOG ?? "/dev/null"),
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  if (!value) throw new Error(`${file} did not start`);
  return {
    ...JSON.parse(new TextDecoder().decode(value)),
    dataDir: allSettings.DATA_DIR,
    settings: allSettings,
    pid: child.pid,
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
    async stop() {
      child.stdin.end();
      await child.exited;
    },
  };
}

/** Returns the resident memory in MB. */
export function residentMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) / 1024;
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
