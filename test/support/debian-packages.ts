/**
 * Programs of Debian packages that conflict with the installed Dovecot: downloaded and unpacked into a folder that can
 * be entered by chroot, never installed. Needs root on Debian. The folders stay on the disk for the next run.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { diskFolder } from "./temporary.ts";

/** Changed when the layout of the unpacked folders changes. */
const layout = 2;

/** Nothing at run time reads these: half of the files. */
const unused = ["doc", "man", "locale", "perl", "info", "lintian", "bug", "i18n"].map(
  (name) => `usr/share/${name}`,
);

const accounts = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/:/bin/sh
mail:x:8:8:mail:/srv:/bin/sh
cyrus:x:76:8:Cyrus:/srv:/bin/sh
courier:x:77:8:Courier:/srv:/bin/sh
postfix:x:78:78:Postfix:/srv:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/sh
`;

const groups = `root:x:0:
daemon:x:1:
mail:x:8:
sasl:x:45:cyrus,postfix
courier:x:77:
postfix:x:78:
postdrop:x:79:
nogroup:x:65534:
`;

type Run = { code: number; out: string; err: string };

function run(command: readonly string[], cwd?: string): Run {
  const done = Bun.spawnSync([...command], {
    cwd,
    env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  return { code: done.exitCode, out: done.stdout.toString(), err: done.stderr.toString() };
}

function require(command: readonly string[], cwd?: string): string {
  const { code, out, err } = run(command, cwd);
  if (code !== 0) throw new Error(`${command.slice(0, 4).join(" ")} ended with ${code}: ${err.trim()}`);
  return out;
}

/**
 * Reads the output of `apt-get -s install`: the packages that it would install. Throws when it would remove one, as
 * another mail server removes Dovecot.
 */
export function readSimulation(output: string): string[] {
  const lines = output.split("\n");
  const removed = lines.find((line) => line.startsWith("Remv "));
  if (removed !== undefined) throw new Error(`apt would remove a package: ${removed}`);
  return lines.flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? []);
}

/** Reason why this machine cannot run unpacked Debian packages, or undefined. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may chroot";
  if (!existsSync("/usr/bin/apt-get") || !existsSync("/usr/bin/dpkg-deb")) return "this is not Debian";
  return undefined;
}

/** The packages with all that they depend on, as if nothing were installed. */
function resolve(packages: readonly string[], folder: string): string[] {
  const status = join(folder, "status");
  writeFileSync(status, "");
  const options = [`Dir::State::status=${status}`, "Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache="];
  const simulate = [
    "apt-get",
    ...[...options, "APT::Install-Recommends=false"].flatMap((option) => ["-o", option]),
    ...["-s", "install", ...packages],
  ];
  const first = run(simulate);
  if (first.code === 0) return readSimulation(first.out);
  // A container's image has no lists of packages.
  require(["apt-get", "-qq", "update"]);
  return readSimulation(require(simulate));
}

function unpack(packages: readonly string[], folder: string, root: string): void {
  const downloads = join(folder, "downloads");
  mkdirSync(downloads);
  require([
    "apt-get",
    "-qq",
    "-o",
    "APT::Sandbox::User=root",
    "download",
    ...resolve(packages, folder),
  ], downloads);
  mkdirSync(root, { mode: 0o755 });
  for (const file of readdirSync(downloads).filter((name) => name.endsWith(".deb")))
    require(["dpkg-deb", "-x", join(downloads, file), root]);
  for (const path of unused) rmSync(join(root, path), { recursive: true, force: true });
}

/** Makes what a system's installation would make: devices, accounts, the cache of shared libraries. */
function prepare(root: string): void {
  for (const name of ["dev", "tmp", "run", "srv", "etc"]) mkdirSync(join(root, name), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  const devices = { null: ["1", "3"], zero: ["1", "5"], random: ["1", "8"], urandom: ["1", "9"] };
  for (const [name, numbers] of Object.entries(devices))
    require(["mknod", "-m", "666", join(root, "dev", name), "c", ...numbers]);
  writeFileSync(join(root, "etc/passwd"), accounts);
  writeFileSync(join(root, "etc/group"), groups);
  writeFileSync(join(root, "etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files\n");
  writeFileSync(join(root, "etc/hosts"), "127.0.0.1 localhost\n");
  require(["ldconfig", "-r", root]);
}

/** A folder that only root writes: what is unpacked there is run as root. */
function cacheFolder(): string {
  const cache = join(diskFolder, "email-connector-servers");
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(cache);
  if (uid !== 0 || (mode & 0o022) !== 0) throw new Error(`${cache} is not root's own`);
  return cache;
}

export type Unpacked = { root: string; missing?: undefined } | { root?: undefined; missing: string };

/**
 * Unpacks packages, with all that they need, into a folder called `name`, once for all runs. Returns the folder, or why
 * there is none, for the title of a skipped test.
 */
export function unpackPackages(name: string, packages: readonly string[]): Unpacked {
  const missing = obstacle();
  if (missing !== undefined) return { missing };
  const cache = cacheFolder();
  const wanted = ["dash", "coreutils", ...packages];
  const key = Bun.hash([layout, ...wanted, process.arch].join(" ")).toString(36);
  const root = join(cache, `${name}-${key}`);
  if (existsSync(root)) return { root };
  const folder = join(cache, `unpacking-${process.pid}-${name}`);
  mkdirSync(folder);
  try {
    const fresh = join(folder, "root");
    unpack(wanted, folder, fresh);
    prepare(fresh);
    renameSync(fresh, root);
    return { root };
  } catch (error) {
    // Another run was faster.
    if (existsSync(root)) return { root };
    return { missing: error instanceof Error ? error.message : String(error) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
