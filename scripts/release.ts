/**
 * `bun run release`: makes everything that a release publishes in dist/release, from a clean tree: an executable for each
 * target, the folder deploy, the bill of materials (SPDX), server.json, and SHA256SUMS. Then it runs what this machine can
 * run, and says what was not run. `--check` builds this machine's executable twice instead and compares the two.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dependencies, version } from "../package.json";
import { toBillOfMaterials } from "./bill-of-materials.ts";
import { readLockFile } from "./lock-file.ts";
import { toSpdx } from "./spdx.ts";

const root = join(import.meta.dir, "..");
const folder = join(root, "dist/release");
const hostTarget = `linux-${process.arch}`;

/** The name of a file's end -> how it is run on a machine of another kind, and the files of that machine's C library. */
const targets: Readonly<Record<string, { runner: readonly string[]; needs: readonly string[] }>> = {
  "linux-x64": { runner: [], needs: [] },
  "linux-arm64": {
    runner: ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
    needs: ["/usr/aarch64-linux-gnu/lib/libc.so.6"],
  },
  // Bun links libstdc++ dynamically for musl: Alpine has it after `apk add libstdc++`.
  "linux-x64-musl": { runner: [], needs: ["/lib/ld-musl-x86_64.so.1", "libstdc++.so.6"] },
  "linux-arm64-musl": {
    runner: ["qemu-aarch64-static"],
    needs: ["/lib/ld-musl-aarch64.so.1", "libstdc++.so.6"],
  },
};

/** Folders of a machine with musl, by the architecture in the name of its loader. */
const muslFolders = (target: string) =>
  ["/lib", "/usr/lib"].flatMap((folder) => [
    `${folder}/${target.includes("arm64") ? "aarch64" : "x86_64"}-linux-musl`,
    // Debian keeps no library of glibc directly in these.
    folder,
  ]);

/** The first file that a target needs and this machine does not have. */
function findMissing(target: string): string | undefined {
  const { runner, needs } = targets[target] ?? { runner: [], needs: [] };
  const [program] = runner;
  if (target === hostTarget) return undefined;
  if (program && !Bun.which(program)) return program;
  return needs.find((file) =>
    file.startsWith("/")
      ? !existsSync(file)
      : !muslFolders(target).some((folder) => existsSync(join(folder, file))),
  );
}

function run(command: readonly string[], env: Record<string, string | undefined> = process.env): string {
  const done = Bun.spawnSync([...command], { cwd: root, env, stdin: "ignore", stderr: "pipe" });
  if (done.exitCode !== 0)
    throw new Error(`${command.join(" ")} ended with ${done.exitCode}: ${done.stderr}`);
  return done.stdout.toString().trim();
}

const say = (line: string) => process.stdout.write(`${line}\n`);

const toSha256 = (file: string) => new Bun.CryptoHasher("sha256").update(readFileSync(file)).digest("hex");

/** Builds for a target. Only this machine's own target has bytecode: it is not portable. */
function build(target: string, file: string): void {
  run([process.execPath, "build.ts", file, ...(target === hostTarget ? [] : [`bun-${target}`])]);
}

function compareTwoBuilds(): number {
  const [one, two] = ["one", "two"].map((name) => {
    const file = join(root, `dist/twice-${name}`, "email-connector");
    build(hostTarget, file);
    return toSha256(file);
  });
  for (const name of ["one", "two"]) rmSync(join(root, `dist/twice-${name}`), { recursive: true });
  say(`${hostTarget}: ${one}`);
  say(one === two ? "Both builds are equal." : `The second build differs: ${two}`);
  return one === two ? 0 : 1;
}

/** Runs `version`, starts the server until it answers, and plays the story of the tests. Returns what was seen. */
async function tryTarget(target: string, file: string): Promise<string> {
  const missing = findMissing(target);
  if (missing !== undefined) return `not run: this machine has no ${missing}`;
  const { runner = [] } = targets[target] ?? {};
  const command = target === hostTarget ? [file] : [...runner, file];
  if (run([...command, "version"]) !== version) return "FAILED: version";
  const dataDir = join(folder, `.try-${target}`);
  const env = { PATH: process.env.PATH ?? "", DATA_DIR: dataDir, PORT: "38479", LOG_LEVEL: "error" };
  const server = Bun.spawn([...command, "serve"], {
    env,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  try {
    // This machine's own executable asks: an emulated one takes longer to start than to answer.
    run([join(folder, `email-connector-${hostTarget}`), "ready", "--wait", "180"], env);
    return `run: version, serve, ready, ${playStory(target, file)}`;
  } catch (error) {
    return `FAILED: ${error instanceof Error ? error.message : "serve"}`;
  } finally {
    server.kill();
    await server.exited;
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/**
 * Two people connect, one sends, the other finds, reads and archives, by the official client. Emails are rendered in child
 * processes that are started from the file itself, so the kernel must know how to run it (binfmt_misc).
 */
function playStory(target: string, file: string): string {
  if (!Bun.which("dovecot")) return "no story: this machine has no dovecot";
  const emulator = "/proc/sys/fs/binfmt_misc/qemu-aarch64";
  if (target !== hostTarget && target.includes("arm64") && !existsSync(emulator))
    return `no story: this machine has no ${emulator}`;
  const story = ["test", "test/story.test.ts", "-t", "compiled executable", "--timeout", "600000"];
  run([process.execPath, ...story], { ...process.env, TESTED_EXECUTABLE: file });
  return "story";
}

/** An archive whose bytes depend on nothing but the files: no owner, no time, no name of the archive. */
function packDeploy(file: string): void {
  const tar = file.replace(/\.gz$/, "");
  const same = [
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mtime=@0",
    "--mode=u=rwX,go=rX",
  ];
  run(["tar", ...same, "-cf", tar, "deploy"]);
  run(["gzip", "-n", "-9", "-f", tar]);
}

async function release(): Promise<number> {
  if (run(["git", "status", "--porcelain"]) !== "") throw new Error("The tree is not clean: commit first.");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const outcomes: string[] = [];
  for (const target of Object.keys(targets)) {
    const file = join(folder, `email-connector-${target}`);
    say(`building ${target}`);
    build(target, file);
    rmSync(`${file}.cdx.json`);
    outcomes.push(`${target}: ${await tryTarget(target, file)}`);
  }
  packDeploy(join(folder, "email-connector-deploy.tar.gz"));
  const bill = toBillOfMaterials(readLockFile(), {
    direct: Object.keys(dependencies),
    bunVersion: Bun.version,
  });
  const createdAt = new Date(Number(run(["git", "log", "-1", "--format=%ct"])) * 1000).toISOString();
  const spdx = toSpdx(bill, {
    createdAt: createdAt.replace(/\.\d+Z$/, "Z"),
    digest: run(["git", "rev-parse", "HEAD"]),
  });
  writeFileSync(join(folder, "email-connector.spdx.json"), `${JSON.stringify(spdx, null, 2)}\n`);
  writeFileSync(join(folder, "server.json"), readFileSync(join(root, "server.json")));
  const sums = readdirSync(folder)
    .toSorted()
    .map((name) => `${toSha256(join(folder, name))}  ${name}\n`);
  writeFileSync(join(folder, "SHA256SUMS"), sums.join(""));
  say(`\n${sums.join("")}\n${outcomes.join("\n")}`);
  return outcomes.some((outcome) => outcome.includes("FAILED")) ? 1 : 0;
}

process.exit(process.argv.includes("--check") ? compareTwoBuilds() : await release());
