/** Temporary folders of this process, removed when it ends, also when it is killed. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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

/** A tmpfs with enough room for a run, if this machine has one. Containers often have one of 64 MB. */
function hasMemoryFolder(): boolean {
  if (!isWritable(memoryFolder)) return false;
  const { bavail, bsize } = statfsSync(memoryFolder);
  return bavail * bsize >= minFreeBytes;
}

/** On the disk, for tests of durability and for programs: a tmpfs may be mounted noexec, and /tmp may be one. */
const diskFolder = isWritable("/var/tmp") ? "/var/tmp" : tmpdir();

/** Puts temporary files of this process and its children into memory, unless TMPDIR was set by the caller. */
export function useMemoryForTemporaryFiles(): void {
  if (process.env.TMPDIR === undefined && hasMemoryFolder()) process.env.TMPDIR = memoryFolder;
}

/**
 * Removes a path once the process with this id is gone, however it ends. A detached shell does it, since bun kills
 * the child processes of a test that takes too long. It removes twice, for servers that are still ending.
 */
export function removeAfterProcess(path: string, pid: number): void {
  const script =
    '( trap "" INT TERM HUP; while kill -0 "$2"; do sleep 0.5; done; rm -rf "$1"; sleep 1; rm -rf "$1" )';
  const args = ["tidy", path, String(pid)];
  execFileSync("/bin/sh", ["-c", `${script} </dev/null >/dev/null 2>&1 &`, ...args], { stdio: "ignore" });
}

/** Whether this is one of the processes of `bun test --parallel`, which runs some of the files. */
export const isWorker = process.env.BUN_TEST_WORKER_ID !== undefined;

type Base = "memory" | "disk";

const roots = new Map<Base, string>();
let count = 0;

function rootOn(base: Base): string {
  const made = roots.get(base);
  if (made !== undefined) return made;
  const parent = base === "disk" ? diskFolder : tmpdir();
  const root = mkdtempSync(join(parent, "email-connector-"));
  removeAfterProcess(root, process.pid);
  roots.set(base, root);
  return root;
}

function makeFolder(base: Base, name: string): string {
  count += 1;
  const folder = join(rootOn(base), `${name}-${count}`);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** A new empty folder, mode 0700, in memory where the machine has a tmpfs. `name` is a part of its path. */
export const temporaryFolder = (name = "test"): string => makeFolder("memory", name);

/** The same on the disk, for what must survive a crash. */
export const temporaryDiskFolder = (name = "test"): string => makeFolder("disk", name);

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
  const folder = join(diskFolder, `email-connector-run-${pid}`);
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) removeAfterProcess(folder, pid);
  return folder;
}
