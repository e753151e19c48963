/** The product with HTTPS=acme as a process of its own: from source, or the executable. */
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "./authority.ts";
import { binary } from "./binary.ts";
import { recordDataDir, recordOutput } from "./canaries.ts";
import { freePorts } from "./ports.ts";
import { testSettings } from "./product.ts";
import { temporaryDiskFolder } from "./temporary.ts";
import { eventually } from "./waiting.ts";

export type SecureProcess = {
  url: string;
  clientId: string;
  clientSecret: string;
  settings: Readonly<Record<string, string>>;
  /** Standard output and error so far. */
  said(): string;
  /** Number of log lines of this event. */
  count(event: string): number;
  exited: Promise<number>;
  stop(): Promise<number>;
};

export type Origin = "source" | "binary";

/** Returns the command that serves; `user` runs it with the one capability that ports below 1024 need. */
async function toCommand(from: Origin, user: string | undefined): Promise<string[]> {
  const source = [process.execPath, join(import.meta.dir, "../../src/main.ts"), "serve"];
  if (from === "source") return source;
  if (user === undefined) return [await binary(), "serve"];
  // The shared executable lies in a folder of root's own.
  const folder = temporaryDiskFolder("program");
  chmodSync(join(folder, ".."), 0o711);
  chmodSync(folder, 0o755);
  const file = join(folder, "email-connector");
  copyFileSync(await binary(), file);
  const capability = ["--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service"];
  const bounded = "--bounding-set=-all,+net_bind_service";
  return [
    "setpriv",
    `--reuid=${user}`,
    "--regid=65534",
    "--clear-groups",
    bounded,
    ...capability,
    file,
    "serve",
  ];
}

/** Starts it and returns at once; `until` waits for its log. */
export async function startSecure(
  from: Origin,
  settings: Readonly<Record<string, string>>,
  { user }: { user?: string } = {},
): Promise<SecureProcess> {
  const [port = 0, httpPort = 0] = await freePorts(2);
  const dataDir = join(temporaryDiskFolder("secure"), "data");
  const all = testSettings({
    HTTPS: "acme",
    PORT: String(port),
    HTTP_PORT: String(httpPort),
    DATA_DIR: dataDir,
    ...settings,
  });
  const url = all.PUBLIC_URL ?? `https://localhost:${all.PORT}`;
  if (user !== undefined) {
    mkdirSync(dataDir);
    Bun.spawnSync(["chown", "-R", user, join(dataDir, "..")]);
  }
  recordDataDir(all.DATA_DIR ?? "");
  const child = Bun.spawn(await toCommand(from, user), {
    cwd: "/",
    env: {
      ...{ ...all, PUBLIC_URL: url, PATH: process.env.PATH ?? "" },
      NODE_EXTRA_CA_CERTS: settings.NODE_EXTRA_CA_CERTS ?? trustedAuthority().bundleFile,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let said = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream) {
      const text = new TextDecoder().decode(chunk);
      said += text;
      recordOutput(text);
    }
  };
  void collect(child.stdout);
  void collect(child.stderr);
  return {
    url,
    clientId: all.OAUTH_CLIENT_ID ?? "",
    clientSecret: all.OAUTH_CLIENT_SECRET ?? "",
    settings: all,
    said: () => said,
    count: (event) => said.split(`"event":"${event}"`).length - 1,
    exited: child.exited,
    async stop() {
      child.kill("SIGTERM");
      return child.exited;
    },
  };
}

/** Waits until the log has `times` lines of an event. */
export async function untilLogged(
  product: SecureProcess,
  event: string,
  { times = 1, withinMs = 30_000 } = {},
): Promise<void> {
  try {
    await eventually(() => product.count(event) >= times, { withinMs, what: `${times} × ${event}` });
  } catch (error) {
    throw new Error(`it said:\n${product.said().slice(-4_000)}`, { cause: error });
  }
}
