/** The compiled binary: built once per run, and started in an empty folder as an operator would. */
import { existsSync, mkdirSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "./authority.ts";
import { recordDataDir, recordOutput } from "./canaries.ts";
import { freePort } from "./ports.ts";
import { testSettings } from "./product.ts";
import { sharedFolder, temporaryFolder } from "./temporary.ts";
import { eventually } from "./waiting.ts";

async function build(file: string): Promise<void> {
  const unfinished = `${file}.unfinished`;
  const child = Bun.spawn([process.execPath, "build.ts", unfinished], {
    cwd: join(import.meta.dir, "../.."),
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`the build failed: ${output.join("")}`);
  renameSync(`${unfinished}.cdx.json`, `${file}.cdx.json`);
  renameSync(unfinished, file);
}

/** Makes a folder that nobody else has; false when another process was first. */
function takeLock(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}

/** Builds the executable unless another worker of this run has done so or is doing so. */
async function buildOnce(): Promise<string> {
  const folder = sharedFolder();
  const file = join(folder, "email-connector");
  const lock = join(folder, "building");
  for (;;) {
    if (existsSync(file)) return file;
    if (takeLock(lock))
      try {
        await build(file);
      } finally {
        rmdirSync(lock);
      }
    else await eventually(() => !existsSync(lock), { withinMs: 120_000, what: "another worker's build" });
  }
}

let built: Promise<string> | undefined;

/** An executable to test instead of one that is built: another target's, or a script that runs it by an emulator. */
const given = process.env.TESTED_EXECUTABLE;
/** An emulated executable takes a minute to start. */
const startMs = given === undefined ? 10_000 : 180_000;

/** The path of the executable. A failed build is tried again at the next call. */
export function binary(): Promise<string> {
  if (given !== undefined) return Promise.resolve(given);
  built ??= buildOnce().catch((error: unknown) => {
    built = undefined;
    throw error;
  });
  return built;
}

export type BinaryProcess = {
  url: string;
  clientId: string;
  clientSecret: string;
  dataDir: string;
  pid: number;
  /** The empty folder in which it was started. */
  folder: string;
  stdout(): string;
  stderr(): string;
  exited: Promise<number>;
  kill(signal?: NodeJS.Signals): void;
  /** Sends SIGTERM and waits; returns the exit code. */
  stop(): Promise<number>;
};

async function collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

const running = new Set<Bun.Subprocess>();

/** Kills what a failed test left running. */
export function killBinaries(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Starts the binary beside these files, with these settings over the tests' own; waits until /health answers. */
export async function startBinary(
  settings: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<BinaryProcess> {
  const file = await binary();
  const port = settings.PORT ?? String(await freePort());
  const env = testSettings({ ...settings, PORT: port });
  const folder = join(temporaryFolder("empty"), "here");
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  let [out, err] = ["", ""];
  recordDataDir(env.DATA_DIR ?? "");
  const child = Bun.spawn([file], {
    cwd: folder,
    env: { ...env, NODE_EXTRA_CA_CERTS: trustedAuthority().bundleFile, PATH: process.env.PATH ?? "" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  running.add(child);
  child.exited.finally(() => running.delete(child));
  collect(child.stdout, (text) => {
    out += text;
    recordOutput(text);
  });
  collect(child.stderr, (text) => {
    err += text;
    for (const line of text.split("\n")) recordOutput(line);
  });
  const url = env.PUBLIC_URL ?? `http://localhost:${port}`;
  try {
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
        // It listens a moment before it prints how to connect.
        return (await fetch(`http://127.0.0.1:${port}/health`)).ok && out.includes("\n    claude mcp add ");
      },
      { withinMs: startMs, what: "the binary to answer /health and say so" },
    );
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`the binary did not start:\n${out}${err}`, { cause: error });
  }
  return {
    url,
    clientId: env.OAUTH_CLIENT_ID ?? "",
    clientSecret: env.OAUTH_CLIENT_SECRET ?? "",
    dataDir: env.DATA_DIR ?? "",
    pid: child.pid,
    folder,
    stdout: () => out,
    stderr: () => err,
    exited: child.exited,
    kill: (signal = "SIGTERM") => child.kill(signal),
    async stop() {
      child.kill("SIGTERM");
      return child.exited;
    },
  };
}
