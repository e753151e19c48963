/** Own HTTPS (HTTPS=acme) of the whole product, with Pebble as the authority. */
import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toCertificateRequest } from "../../src/https/certificate-request.ts";
import { createListener } from "../../src/listener.ts";
import { newSigningKey } from "../../src/secrets.ts";
import { createAuthority } from "../support/authority.ts";
import { runCommand } from "../support/command.ts";
import { programs } from "../support/installed.ts";
import { startPebble } from "../support/pebble.ts";
import { freePort } from "../support/ports.ts";
import { startProduct, testSettings } from "../support/product.ts";
import { temporaryFolder } from "../support/temporary.ts";

const hasPebble = Boolean(programs.pebble && programs.openssl);

test.skipIf(!hasPebble)(
  "HTTPS=acme gets a certificate, serves it, keeps it sealed, and serves it after a restart without the authority",
  async () => {
    const pebble = await startPebble();
    const port = await freePort();
    const settings = {
      HTTPS: "acme",
      HOST: "127.0.0.1",
      PORT: String(port),
      PUBLIC_URL: `https://localhost:${port}`,
      HTTP_PORT: String(pebble.httpPort),
      ACME_DIRECTORY: pebble.directory,
      METRICS_TOKEN: "a-token-for-metrics-0123456789",
    };
    const tls = { ca: [pebble.root] };
    const product = await startProduct({ settings });
    try {
      expect((await fetch(`${product.url}/health`, { tls })).status).toBe(200);
      const metadata = await fetch(`${product.url}/.well-known/oauth-authorization-server`, { tls });
      expect(await metadata.json()).toMatchObject({ issuer: product.url });
      const metrics = await fetch(`${product.url}/metrics`, {
        tls,
        headers: { Authorization: `Bearer ${settings.METRICS_TOKEN}` },
      });
      expect(await metrics.text()).toContain("email_connector_certificate_days_left 89\n");
      const plain = await fetch(`http://localhost:${pebble.httpPort}/mcp`, { redirect: "manual" });
      expect([plain.status, plain.headers.get("Location")]).toEqual([308, `${product.url}/mcp`]);
      const file = join(product.dataDir, "https.sealed");
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, "utf8")).not.toContain("PRIVATE KEY");
    } finally {
      await product.stop();
      await pebble.stop();
    }
    // The key that seals the file is rotated meanwhile.
    const kept = { ...testSettings(settings), DATA_DIR: product.dataDir };
    expect((await runCommand(["rotate-key"], kept)).exitCode).toBe(0);
    const again = await startProduct({ settings: kept });
    try {
      expect((await fetch(`${again.url}/health`, { tls })).status).toBe(200);
      expect(again.logged.join("")).not.toContain("certificate_ordered");
    } finally {
      await again.stop();
    }
  },
);

test("Without the authority a first start keeps https closed and says so, and port 80 answers", async () => {
  const [port, httpPort, closed] = [await freePort(), await freePort(), await freePort()];
  const product = await startProduct({
    settings: {
      HTTPS: "acme",
      HOST: "127.0.0.1",
      PORT: String(port),
      PUBLIC_URL: `https://localhost:${port}`,
      HTTP_PORT: String(httpPort),
      ACME_DIRECTORY: `https://localhost:${closed}/dir`,
    },
  });
  try {
    await expect(fetch(`https://localhost:${port}/health`)).rejects.toThrow("Unable to connect");
    expect((await fetch(`http://localhost:${httpPort}/`, { redirect: "manual" })).status).toBe(308);
    const failed = product.logged.find((line) => line.includes("certificate_failed")) ?? "{}";
    expect(JSON.parse(failed)).toMatchObject({
      reason: `The certificate authority localhost:${closed} does not answer.`,
      retryInSeconds: 60,
    });
  } finally {
    await product.stop();
  }
});

test("HTTPS=acme refuses a PUBLIC_URL without a name to certify, and names the port that is taken", async () => {
  for (const PUBLIC_URL of ["", "http://localhost:3000", "https://203.0.113.7", "https://[2001:db8::1]"])
    expect(
      (await runCommand(["serve"], testSettings({ HTTPS: "acme", PUBLIC_URL }))).printedErrors,
    ).toContain("PUBLIC_URL: set it to https:// and the host name of the certificate, for HTTPS=acme");
  const taken = createListener({ host: "127.0.0.1", port: 0, maxRequestBytes: 1_024, setting: "PORT" });
  const [port, free] = [String(taken.port), String(await freePort())];
  const acme = { HTTPS: "acme", HOST: "127.0.0.1", PUBLIC_URL: "https://localhost" };
  const asHttps = await runCommand(["serve"], testSettings({ ...acme, PORT: port, HTTP_PORT: free }));
  expect(asHttps.printedErrors).toEndWith("the port is in use or not permitted. Set HOST or PORT.\n");
  const asHttp = await runCommand(["serve"], testSettings({ ...acme, PORT: free, HTTP_PORT: port }));
  expect(asHttp.printedErrors).toEndWith("the port is in use or not permitted. Set HTTP_PORT.\n");
  taken.close();
});

test("RFC 2986: the certificate request names the host in subjectAltName and its signature verifies", () => {
  const file = join(temporaryFolder("request"), "request.der");
  writeFileSync(file, toCertificateRequest("mail.example.org", newSigningKey()));
  const text = execFileSync(
    programs.openssl ?? "openssl",
    ["req", "-inform", "DER", "-in", file, "-verify", "-noout", "-text"],
    { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
  );
  expect(text).toContain("DNS:mail.example.org");
  expect(text).toContain("ecdsa-with-SHA256");
});

test("A new certificate is served on the same port while a response of the old one goes on to its end", async () => {
  const authority = createAuthority();
  const [first, second] = [1, 2].map(() => authority.issue({ hosts: ["localhost"] }));
  if (first === undefined || second === undefined) throw new Error("no certificates");
  const tls = { ca: [readFileSync(authority.certFile, "utf8")] };
  const listener = createListener(
    { host: "127.0.0.1", port: 0, maxRequestBytes: 1_024, setting: "PORT" },
    { secure: true },
  );
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  listener.handle((request) => {
    if (new URL(request.url).pathname !== "/stream") return new Response("short");
    return new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue("first ");
          await ended;
          controller.enqueue("last");
          controller.close();
        },
      }),
    );
  });
  const url = `https://localhost:${listener.port}`;
  await listener.serveCertificate({ chain: first.cert, key: first.key });
  const open = (await fetch(`${url}/stream`, { tls })).body?.getReader();
  expect(Buffer.from((await open?.read())?.value ?? []).toString()).toBe("first ");
  await listener.serveCertificate({ chain: second.cert, key: second.key });
  expect(await (await fetch(url, { tls, keepalive: false })).text()).toBe("short");
  end();
  expect(Buffer.from((await open?.read())?.value ?? []).toString()).toBe("last");
  listener.close();
});
