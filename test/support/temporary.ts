/** Temporary folders of this process, removed when it ends, also when it is killed. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** True in a worker of `bun test --parallel`, which runs some of the files. */
export const isWorker = process.env.BUN_TEST_WORKER_ID !== undefined;

const memoryFolder = "/dev/shm";
const minFreeBytes = 4_000_000_000;

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A tmpfs with enough room for a run; containers often have one of 64 MB. */
function hasMemoryFolder(): boolean {
  if (!isWritable(memoryFolder)) return false;
  const { bavail, bsize } = statfsSync(memoryFolder);
  return bavail * bsize >= minFreeBytes;
}

type Base = "memory" | "disk";

const parents: Readonly<Record<Base, string>> = {
  memory: process.env.TMPDIR === undefined && hasMemoryFolder() ? memoryFolder : tmpdir(),
  // For tests of durability and for programs: a tmpfs may be mounted noexec, and /tmp may be one.
  disk: isWritable("/var/tmp") ? "/var/tmp" : tmpdir(),
};

/** The temporary folder of the machine's disk, for what the next run uses again. */
export const diskFolder = parents.disk;

/** Runs a detached shell script, since bun kills the child processes of a test that takes too long. */
export function detach(script: string, ...args: string[]): void {
  const background = `( trap "" INT TERM HUP; ${script} ) </dev/null >/dev/null 2>&1 &`;
  execFileSync("/bin/sh", ["-c", background, "detached", ...args], { stdio: "ignore" });
}

// Twice, for servers that are still ending.
const removeTwice = 'rm -rf "$1"; sleep 1; rm -rf "$1"';

let fifo: string | undefined;

/**
 * A named pipe that this process holds open: a script that reads it waits until this process has ended, however that
 * ends, and uses no CPU meanwhile.
 */
export function processFifo(): string {
  if (fifo !== undefined) return fifo;
  const folder = mkdtempSync(join(parents.memory, "email-connector-process-"));
  fifo = join(folder, "alive");
  execFileSync("mkfifo", [fifo]);
  openSync(fifo, "r+");
  detach(`read -r _ < "$2"; ${removeTwice}`, folder, fifo);
  return fifo;
}

const roots = new Map<Base, string>();
let count = 0;

function rootOn(base: Base): string {
  const made = roots.get(base);
  if (made !== undefined) return made;
  const root = mkdtempSync(join(parents[base], "email-connector-"));
  detach(`read -r _ < "$2"; ${removeTwice}`, root, processFifo());
  roots.set(base, root);
  return root;
}

function makeFolder(base: Base, name: string): string {
  count += 1;
  const folder = join(rootOn(base), `${name}-${count}`);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Makes an empty folder, mode 0700, in memory where the machine has a tmpfs. `name` is a part of its path. */
export const temporaryFolder = (name = "test"): string => makeFolder("memory", name);

/** Makes an empty folder, mode 0700, on the disk, for what must survive a crash. */
export const temporaryDiskFolder = (name = "test"): string => makeFolder("disk", name);

/** Sends what libraries and programs put into TMPDIR, such as the profiles of browsers, to a folder of this process. */
export function redirectTemporaryFiles(): void {
  process.env.TMPDIR = rootOn("memory");
}

/** Removes every folder made so far. */
export function removeTemporaryFolders(): void {
  for (const root of roots.values()) rmSync(root, { recursive: true, force: true });
  roots.clear();
}

/**
 * A folder on the disk that all processes of this run share, removed when the run has ended: with the coordinator when
 * bun runs workers, else with this process.
 */
export function sharedFolder(): string {
  const pid = isWorker ? process.ppid : process.pid;
  const folder = join(parents.disk, `email-connector-run-${pid}`);
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined)
    detach(`while kill -0 "$2"; do sleep 1; done; ${removeTwice}`, folder, String(pid));
  return folder;
}
