/**
 * Own HTTPS (HTTPS=acme) as an operator runs it, from source and from the executable: Pebble and Caddy as authorities,
 * renewal under load, and the authority's bad days. test/https has the short story.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createListener } from "../../src/listener.ts";
import { createAuthority } from "../support/authority.ts";
import { connectMailbox } from "../support/authorize.ts";
import { withTrust } from "../support/caddy.ts";
import { hasMailServer, programs } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { type Origin, startSecure, untilLogged } from "../support/own-https.ts";
import { type Pebble, startPebble } from "../support/pebble.ts";
import { accepts, freePort, freePorts } from "../support/ports.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { eventually } from "../support/waiting.ts";

const hasPebble = Boolean(programs.pebble && programs.openssl);
const canUsePort80 = process.getuid?.() === 0 && !(await accepts(80)) && !(await accepts(443));

const settingsFor = (pebble: Pebble) => ({
  ACME_DIRECTORY: pebble.directory,
  HTTP_PORT: String(pebble.httpPort),
  HOST: "127.0.0.1",
  CALLS_PER_MINUTE: "6000",
});

/** Sends one request on a connection of its own, and once more when the connection was reset. */
async function requestTwice(url: string, root: string): Promise<{ ok: boolean; resets: number }> {
  const send = async () => (await fetch(url, { tls: { ca: [root] }, keepalive: false })).ok;
  try {
    return { ok: await send(), resets: 0 };
  } catch {
    return { ok: await send().catch(() => false), resets: 1 };
  }
}

describe.skipIf(!hasPebble).each<Origin>(["source", "binary"])("Own HTTPS from %s", (from) => {
  test.skipIf(!hasMailServer)(
    "A person connects and the official client calls over https; certificates are renewed under load, and no call fails after one reconnect",
    async () => {
      // Renewed after two thirds, every 8 s.
      const pebble = await startPebble({ validitySeconds: 12 });
      const product = await startSecure(from, settingsFor(pebble));
      const { url } = product;
      try {
        await untilLogged(product, "certificate_served");
        await withTrust(pebble.root, async () => {
          const tokens = await connectMailbox(product, await (await mailServer()).newUser());
          const client = await openClient(product, tokens.accessToken);
          const closed: string[] = [];
          client.transport.onclose = () => closed.push("closed");
          const counts = { requests: 0, resets: 0, callResets: 0, failed: 0 };
          const served = product.count("certificate_served");
          let loading = true;
          const load = async () => {
            while (loading) {
              const { ok, resets } = await requestTwice(`${url}/health`, pebble.root);
              counts.requests += 1;
              counts.resets += resets;
              counts.failed += ok ? 0 : 1;
            }
          };
          const calls = async () => {
            while (loading)
              await client.call("list_providers").catch(() => {
                counts.callResets += 1;
                return client.call("list_providers");
              });
          };
          const running = [load(), load(), calls()];
          await untilLogged(product, "certificate_served", { times: served + 2, withinMs: 60_000 });
          loading = false;
          await Promise.all(running);
          expect(await client.call("list_mailboxes")).toMatchObject({ isError: false });
          process.stdout.write(`${from}: ${JSON.stringify(counts)}\n`);
          expect(counts.failed).toBe(0);
          expect(closed).toEqual([]);
          await client.close();
        });
      } finally {
        await product.stop();
        await pebble.stop();
      }
    },
    180_000,
  );

  test("Half of all nonces are refused, and the certificate comes", async () => {
    const pebble = await startPebble({ refusedNonces: 50 });
    const product = await startSecure(from, settingsFor(pebble));
    await untilLogged(product, "certificate_served");
    expect(await product.stop()).toBe(0);
    await pebble.stop();
  });

  test("A name that does not resolve: https stays closed, and the log has the authority's reason", async () => {
    const pebble = await startPebble();
    const PUBLIC_URL = "https://no-such-name.invalid";
    const product = await startSecure(from, { ...settingsFor(pebble), PUBLIC_URL });
    await untilLogged(product, "certificate_failed");
    expect(product.said()).toMatch(/"reason":".*no-such-name\.invalid.*"failed":1/);
    expect(product.said()).toContain("There is no new certificate yet: ");
    expect(await accepts(Number(product.settings.PORT))).toBe(false);
    expect(await product.stop()).toBe(0);
    await pebble.stop();
  });

  test("The authority ends: a restart serves the stored certificate, and another name is not served with it", async () => {
    const pebble = await startPebble();
    const first = await startSecure(from, settingsFor(pebble));
    await untilLogged(first, "certificate_served");
    expect(await first.stop()).toBe(0);
    await pebble.stop();
    const again = await startSecure(from, first.settings);
    await eventually(async () => (await fetch(`${again.url}/ready`, { tls: { ca: [pebble.root] } })).ok, {
      withinMs: 20_000,
    });
    expect(again.count("certificate_ordered")).toBe(0);
    expect(await again.stop()).toBe(0);
    const renamed = await startSecure(from, {
      ...first.settings,
      PUBLIC_URL: `https://other.example.org:${first.settings.PORT}`,
    });
    await untilLogged(renamed, "certificate_failed");
    expect(await accepts(Number(first.settings.PORT))).toBe(false);
    await renamed.stop();
  });

  test("A taken port ends the start with one line that names the setting", async () => {
    const pebble = await startPebble();
    const taken = createListener({ host: "127.0.0.1", port: 0, maxRequestBytes: 1, setting: "" });
    for (const [name, setting] of [
      ["PORT", "HOST or PORT"],
      ["HTTP_PORT", "HTTP_PORT"],
    ] as const) {
      const product = await startSecure(from, { ...settingsFor(pebble), [name]: String(taken.port) });
      expect(await product.exited).toBe(1);
      expect(product.said()).toContain(`the port is in use or not permitted. Set ${setting}.`);
    }
    taken.close();
    await pebble.stop();
  });

  test("Port 80 answers 421 for a foreign Host, 400 for a POST, 308 for its own", async () => {
    const pebble = await startPebble();
    const product = await startSecure(from, settingsFor(pebble));
    await untilLogged(product, "certificate_served");
    const ask = (init: RequestInit) =>
      fetch(`http://127.0.0.1:${pebble.httpPort}/mcp`, { redirect: "manual", ...init });
    const own = { Host: "localhost" };
    expect((await ask({ headers: { Host: "evil.example" } })).status).toBe(421);
    expect((await ask({ headers: own, method: "POST", body: "{}" })).status).toBe(400);
    const redirect = await ask({ headers: own });
    expect([redirect.status, redirect.headers.get("Location")]).toEqual([308, `${product.url}/mcp`]);
    await product.stop();
    await pebble.stop();
  });
});

test("20 changes of the certificate under load: every request succeeds after at most one reconnect", async () => {
  const authority = createAuthority();
  const root = readFileSync(authority.certFile, "utf8");
  const listener = createListener(
    { host: "127.0.0.1", port: 0, maxRequestBytes: 1_024, setting: "PORT" },
    { secure: true },
  );
  listener.handle(() => new Response("ok"));
  const serveNext = () => {
    const { cert, key } = authority.issue({ hosts: ["localhost"] });
    return listener.serveCertificate({ chain: cert, key });
  };
  await serveNext();
  const counts = { requests: 0, resets: 0, failed: 0 };
  let loading = true;
  const load = async () => {
    while (loading) {
      const { ok, resets } = await requestTwice(`https://localhost:${listener.port}`, root);
      counts.requests += 1;
      counts.resets += resets;
      counts.failed += ok ? 0 : 1;
    }
  };
  const running = [load(), load(), load(), load()];
  for (let swaps = 0; swaps < 20; swaps += 1) await serveNext();
  loading = false;
  await Promise.all(running);
  listener.close();
  process.stdout.write(`20 changes: ${JSON.stringify(counts)}\n`);
  expect(counts.failed).toBe(0);
});

test.skipIf(!canUsePort80 || !programs.caddy)(
  "As nobody with CAP_NET_BIND_SERVICE alone, on 443 and 80, with Caddy's ACME server as the authority",
  async () => {
    const folder = temporaryFolder("caddy-acme");
    const port = await freePort();
    const [plainPort = 0] = await freePorts(1);
    writeFileSync(
      join(folder, "Caddyfile"),
      `{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n\thttp_port ${plainPort}\n\thttps_port ${port}\n\tstorage file_system ${folder}\n}\nlocalhost:${port} {\n\ttls internal\n\tacme_server\n}\n`,
    );
    const caddy = Bun.spawn(
      [programs.caddy ?? "caddy", "run", "--config", join(folder, "Caddyfile"), "--adapter", "caddyfile"],
      {
        env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, PATH: process.env.PATH ?? "" },
        stdin: "ignore",
        stdout: "ignore",
        stderr: Bun.file(join(folder, "log")),
      },
    );
    const root = await eventually(
      () => readFileSync(join(folder, "pki/authorities/local/root.crt"), "utf8"),
      { withinMs: 15_000, what: "Caddy's authority" },
    );
    const directory = `https://localhost:${port}/acme/local/directory`;
    await eventually(async () => (await fetch(directory, { tls: { ca: [root] } })).ok, { withinMs: 15_000 });
    // nobody reads no folder of root's own.
    const trusted = `/var/tmp/email-connector-root-${process.pid}.pem`;
    writeFileSync(trusted, root, { mode: 0o644 });
    const product = await startSecure(
      "binary",
      {
        ...{ ACME_DIRECTORY: directory, PUBLIC_URL: "https://localhost", PORT: "443", HTTP_PORT: "80" },
        NODE_EXTRA_CA_CERTS: trusted,
      },
      { user: "nobody" },
    );
    try {
      await untilLogged(product, "certificate_served");
      expect((await fetch("https://localhost/health", { tls: { ca: [root] } })).status).toBe(200);
      expect((await fetch("http://localhost/", { redirect: "manual" })).headers.get("Location")).toBe(
        "https://localhost/",
      );
      expect(await product.stop()).toBe(0);
    } finally {
      await product.stop();
      await Bun.file(trusted).delete();
      caddy.kill();
      await caddy.exited;
    }
  },
  120_000,
);
