/** The compiled binary: built once per run, started in an empty folder as a person would. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "./authority.ts";
import { noteDataDir, noteOutput } from "./canaries.ts";
import { freePort } from "./ports.ts";
import { testSettings } from "./product.ts";
import { temporaryFolder } from "./temporary.ts";
import { eventually } from "./waiting.ts";

let built: Promise<string> | undefined;

async function build(): Promise<string> {
  const file = join(temporaryFolder("binary"), "email-connector");
  const run = Bun.spawn([process.execPath, "build.ts", file], {
    cwd: join(import.meta.dir, "../.."),
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()]);
  if ((await run.exited) !== 0) throw new Error(`the build failed: ${said.join("")}`);
  return file;
}

/** The path of the executable. */
export function binary(): Promise<string> {
  built ??= build();
  return built;
}

export type BinaryProcess = {
  url: string;
  clientId: string;
  clientSecret: string;
  dataDir: string;
  pid: number;
  /** Where it was started: an empty folder of its own. */
  folder: string;
  stdout(): string;
  stderr(): string;
  exited: Promise<number>;
  kill(signal?: NodeJS.Signals): void;
  /** SIGTERM, and waits; answers the exit code. */
  stop(): Promise<number>;
};

async function collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

const running = new Set<Bun.Subprocess>();

/** Ends what a failed test left running. */
export function killBinaries(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Starts the binary with these settings over the tests' own, beside these files, and waits until /health answers. */
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
  noteDataDir(env.DATA_DIR ?? "");
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
    noteOutput(text);
  });
  collect(child.stderr, (text) => {
    err += text;
    for (const line of text.split("\n")) noteOutput(line);
  });
  const url = env.PUBLIC_URL ?? `http://localhost:${port}`;
  try {
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
        // It listens a moment before it says what to type where.
        return (await fetch(`http://127.0.0.1:${port}/health`)).ok && out.includes("\n    claude mcp add ");
      },
      { withinMs: 10_000, what: "the binary to answer /health and say so" },
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
