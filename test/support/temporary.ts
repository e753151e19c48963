/** Temporary folders of this run, removed at its end, also when the run is ended by force. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let root: string | undefined;
let count = 0;

function makeRoot(): string {
  const folder = mkdtempSync(join(tmpdir(), "email-connector-"));
  // Its standard input ends with this process, however that ends; twice, for servers that are still on their way out.
  // It waits until this process is gone, however that ends. Twice, for servers that are still on their way out. Not a
  // child of this process: bun ends those when a test takes too long.
  const script =
    '( trap "" INT TERM HUP; while kill -0 "$2"; do sleep 0.5; done; rm -rf "$1"; sleep 1; rm -rf "$1" )';
  const args = ["tidy", folder, String(process.pid)];
  execFileSync("/bin/sh", ["-c", `${script} </dev/null >/dev/null 2>&1 &`, ...args], { stdio: "ignore" });
  return folder;
}

/** A new empty folder, mode 0700. `name` shows in its path. */
export function temporaryFolder(name = "test"): string {
  root ??= makeRoot();
  count += 1;
  const folder = join(root, `${name}-${count}`);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Removes every folder made so far. */
export function removeTemporaryFolders(): void {
  if (root) rmSync(root, { recursive: true, force: true });
  root = undefined;
}
