/** Pebble, the small ACME server of Let's Encrypt, as the certificate authority of a test. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "./authority.ts";
import { programs } from "./installed.ts";
import { freePorts } from "./ports.ts";
import { temporaryFolder } from "./temporary.ts";
import { eventually } from "./waiting.ts";

export type Pebble = {
  /** Value of ACME_DIRECTORY. */
  directory: string;
  /** The port at which it checks HTTP-01. */
  httpPort: number;
  /** The root of the certificates that it issues, PEM. It is new at each start. */
  root: string;
  /** All that it has logged. */
  log(): string;
  stop(): Promise<void>;
};

type PebbleOptions = {
  /** Percentage of good nonces that it refuses. */
  refusedNonces?: number;
  /** Lifetime of a certificate. */
  validitySeconds?: number;
  /** To start again at the same place. */
  ports?: { listen: number; http: number };
};

/** Starts Pebble, again on other ports where another process took one meanwhile. */
export async function startPebble(options: PebbleOptions = {}): Promise<Pebble> {
  for (let tries = 1; ; tries += 1)
    try {
      return await startOnce(options);
    } catch (error) {
      if (tries === 3 || !String(error).includes("address already in use")) throw error;
    }
}

async function startOnce(options: PebbleOptions): Promise<Pebble> {
  const folder = temporaryFolder("pebble");
  const [first = 0, second = 0, management = 0] = await freePorts(3);
  const { listen, http } = options.ports ?? { listen: first, http: second };
  const authority = trustedAuthority();
  const { certFile, keyFile } = authority.issue({ hosts: ["localhost", "127.0.0.1"] });
  const config = {
    listenAddress: `127.0.0.1:${listen}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: certFile,
    privateKey: keyFile,
    httpPort: http,
    tlsPort: 1,
    certificateValidityPeriod: options.validitySeconds ?? 7_776_000,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify({ pebble: config }));
  const logFile = join(folder, "log");
  const child = Bun.spawn([programs.pebble ?? "pebble", "-config", join(folder, "config.json")], {
    env: {
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_WFE_NONCEREJECT: String(options.refusedNonces ?? 20),
    },
    stdin: "ignore",
    stdout: Bun.file(logFile),
    stderr: Bun.file(`${logFile}.errors`),
  });
  const log = () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");
  const tls = { ca: [readFileSync(authority.certFile, "utf8")] };
  try {
    const ended = child.exited.then(() => {
      throw new Error(log() + readFileSync(`${logFile}.errors`, "utf8"));
    });
    ended.catch(() => {});
    const answer = async () => (await fetch(`https://127.0.0.1:${management}/roots/0`, { tls })).text();
    const answering = eventually(answer, { withinMs: 10_000, what: "Pebble to answer" });
    answering.catch(() => {});
    const root = await Promise.race([ended, answering]);
    return {
      directory: `https://localhost:${listen}/dir`,
      httpPort: http,
      root,
      log,
      async stop() {
        child.kill("SIGKILL");
        await child.exited;
      },
    };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}
