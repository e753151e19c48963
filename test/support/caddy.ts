/** Caddy in front of a product, configured by deploy/Caddyfile, with certificates of Caddy's own authority. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { programs } from "./installed.ts";
import { freePorts } from "./ports.ts";
import { temporaryFolder } from "./temporary.ts";
import { eventually } from "./waiting.ts";

export type Caddy = {
  url: string;
  /** The certificate of Caddy's authority, PEM. */
  authority: string;
  stop(): Promise<void>;
};

/**
 * Starts Caddy on `port` in front of `inner` with the unchanged Caddyfile. Settings for the test machine are added
 * before and inside it: ports, folders, and a local authority.
 */
export async function startCaddy({ port, inner }: { port: number; inner: number }): Promise<Caddy> {
  const folder = temporaryFolder("caddy");
  const [plainPort = 0] = await freePorts(1);
  const options = [
    "admin off",
    // Otherwise Caddy waits forever for open streams.
    "grace_period 1s",
    "auto_https disable_redirects",
    "skip_install_trust",
    `http_port ${plainPort}`,
    `https_port ${port}`,
    `storage file_system ${folder}`,
  ];
  const file = readFileSync(join(import.meta.dir, "../../deploy/Caddyfile"), "utf8");
  const withAuthority = file.replace(/^\{\$SITE:\S+ \{$/m, "$&\n\ttls internal");
  const configFile = join(folder, "Caddyfile");
  writeFileSync(configFile, `{\n\t${options.join("\n\t")}\n}\n${withAuthority}`);
  const child = Bun.spawn(
    [programs.caddy ?? "caddy", "run", "--config", configFile, "--adapter", "caddyfile"],
    {
      env: {
        ...{ SITE: `localhost:${port}`, CONNECTOR: `127.0.0.1:${inner}` },
        ...{ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, PATH: process.env.PATH ?? "" },
      },
      stdin: "ignore",
      stdout: "ignore",
      stderr: Bun.file(join(folder, "log")),
    },
  );
  const authority = await eventually(
    () => readFileSync(join(folder, "pki/authorities/local/root.crt"), "utf8"),
    {
      withinMs: 10_000,
      what: "Caddy's authority",
    },
  );
  const url = `https://localhost:${port}`;
  try {
    await withTrust(authority, () =>
      eventually(async () => (await fetch(url)).status > 0, { withinMs: 10_000, what: "Caddy to answer" }),
    );
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`Caddy did not start:\n${readFileSync(join(folder, "log"), "utf8")}`, { cause: error });
  }
  return {
    url,
    authority,
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** Runs `work` with one more trusted authority, for fetch, which reads its authorities once, and for node:tls. */
export async function withTrust<T>(authority: string, work: () => Promise<T>): Promise<T> {
  const [plain, before] = [globalThis.fetch, getCACertificates("default")];
  const trusting = (input: string | URL | Request, init?: BunFetchRequestInit) =>
    plain(input, { ...init, tls: { ca: [...before, authority] } });
  globalThis.fetch = Object.assign(trusting, { preconnect: plain.preconnect });
  setDefaultCACertificates([...before, authority]);
  try {
    return await work();
  } finally {
    globalThis.fetch = plain;
    setDefaultCACertificates(before);
  }
}
