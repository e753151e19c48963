/** A whole Debian, made by debootstrap once for all runs, to install into as an operator does. Needs root on Debian. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./installed.ts";
import { diskFolder } from "./temporary.ts";

/** Returns the folder, or the reason why there is none, for the title of a skipped test. */
export function debianRoot(): { root: string; missing?: undefined } | { root?: undefined; missing: string } {
  if (process.getuid?.() !== 0) return { missing: "only root may chroot" };
  const debootstrap = findProgram("debootstrap");
  if (debootstrap === undefined) return { missing: "debootstrap is not installed" };
  const cache = join(diskFolder, "email-connector-servers");
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(cache);
  if (uid !== 0 || (mode & 0o022) !== 0) return { missing: `${cache} is not root's own` };
  const root = join(cache, "debian-bookworm");
  if (existsSync(root)) return { root };
  const fresh = join(cache, `debootstrapping-${process.pid}`);
  const run = Bun.spawnSync([debootstrap, "--variant=minbase", "bookworm", fresh], { stdin: "ignore" });
  if (run.exitCode !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    return { missing: `debootstrap ended with ${run.exitCode}` };
  }
  renameSync(fresh, root);
  return { root };
}
