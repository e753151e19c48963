/** A whole Debian, made by debootstrap once for all runs, to install into as an operator does. Needs root on Debian. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "./authority.ts";
import { type Chroot, createChroot } from "./chroot-server.ts";
import { findProgram } from "./installed.ts";
import { detach, diskFolder, processFifo } from "./temporary.ts";

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

/** A copy of the Debian in which programs run. `unmount` is called after all of them have ended. */
export type Debian = Chroot & { unmount(): void };

export function createDebian(unpacked: string): Debian {
  const machine = createChroot("debian", unpacked);
  const at = (path: string) => join(machine.root, path);
  for (const device of ["null", "random", "urandom"])
    if (!existsSync(at(`dev/${device}`))) execFileSync("cp", ["-a", `/dev/${device}`, at(`dev/${device}`)]);
  // The executable finds itself by /proc/self/exe.
  execFileSync("mount", ["-t", "proc", "proc", at("proc")]);
  detach('read -r _ < "$2"; umount -l "$1"', at("proc"), processFifo());
  machine.write("etc/hosts", "127.0.0.1 localhost\n");
  return { ...machine, unmount: () => execFileSync("umount", ["-l", at("proc")]) };
}

/** Writes the tests' authorities into the machine, for NODE_EXTRA_CA_CERTS=/root/authorities.pem. */
export function trustAuthorities(machine: Chroot, root: string): void {
  machine.write("root/authorities.pem", `${readFileSync(trustedAuthority().bundleFile, "utf8")}\n${root}`);
}
