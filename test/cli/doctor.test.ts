/** `doctor` through a proxy that works, and through misconfigured ones. */
import { expect, test } from "bun:test";
import { checkCertificate, doctor } from "../../src/cli/doctor.ts";
import { createAuthority, trustedAuthority } from "../support/authority.ts";
import { capture, runCommand } from "../support/command.ts";
import { freePort, freePorts } from "../support/ports.ts";
import { withProduct } from "../support/product.ts";
import { type ProxyFaults, startReverseProxy } from "../support/reverse-proxy.ts";

/** The size of an upload that doctor sends by default. */
const fullBytes = 26_000_000;

/** Runs doctor against a product behind a proxy with the given faults. */
async function runDoctor(
  faults: ProxyFaults = {},
  settings: Readonly<Record<string, string>> = {},
  uploadBytes = 1_500_000,
): Promise<{ exitCode: number; printed: string; url: string }> {
  // Two separate requests could return the same port.
  const [port = 0, inner = 0] = await freePorts(2);
  const proxy = startReverseProxy({ port, target: `http://127.0.0.1:${inner}` }, faults);
  const env = { PUBLIC_URL: proxy.url, PORT: String(inner), TRUSTED_PROXIES: "127.0.0.1", ...settings };
  try {
    return await withProduct({ settings: env }, async ({ dataDir }) => {
      const ran = await capture((terminal) => doctor(terminal, { uploadBytes }), {
        ...env,
        DATA_DIR: dataDir,
      });
      return { ...ran, url: proxy.url };
    });
  } finally {
    await proxy.stop();
  }
}

test("With an https proxy that passes everything on, every line says ok and the exit code is 0", async () => {
  const { exitCode, printed, url } = await runDoctor({}, {}, fullBytes);
  expect(printed).toContain(`Checking ${url} from outside.`);
  expect(
    printed
      .split("\n")
      .slice(1, -1)
      .filter((line) => !line.startsWith("ok ")),
  ).toEqual([]);
  for (const what of ["certificate", "401 challenge", "proxy headers", "body limit of uploads", "streaming"])
    expect(printed).toContain(`ok    ${what}: `);
  expect(printed).toContain("26 MB pass");
  expect(exitCode).toBe(0);
});

test("A proxy that buffers responses is reported, with the advice to switch buffering off", async () => {
  const { exitCode, printed } = await runDoctor({ buffers: true });
  expect(printed).toContain("no    streaming: the proxy buffers responses.");
  expect(exitCode).toBe(1);
});

test("A proxy with a small body limit is reported, with the advice to raise it", async () => {
  const { printed } = await runDoctor({ maxBytes: 1_048_576 }, {}, fullBytes);
  expect(printed).toContain("ok    body limit of calls");
  expect(printed).toContain(
    "no    body limit of uploads: 26 MB answers 413. Raise the proxy's limit to 27 MB.",
  );
});

test("A proxy that passes on the caller's X-Forwarded-For or changes the Host is reported", async () => {
  expect((await runDoctor({ appendsForwardedFor: true })).printed).toContain(
    "no    proxy headers: callers can choose the address they are counted by.",
  );
  // A loopback server, as here, refuses any other Host.
  expect((await runDoctor({ host: "127.0.0.1" })).printed).toContain(
    "no    proxy headers: the Host arrives as 127.0.0.1",
  );
  expect((await runDoctor({}, { TRUSTED_PROXIES: "" })).printed).toContain(
    "Set TRUSTED_PROXIES to its address.",
  );
});

test("A proxy that removes the challenge or the metadata documents is reported", async () => {
  const { printed } = await runDoctor({ drops: ["www-authenticate"], hides: "/.well-known/" });
  expect(printed).toContain("no    401 challenge: the WWW-Authenticate header is missing.");
  expect(printed).toContain("no    /.well-known/oauth-authorization-server: answers 404.");
});

test("A proxy without a server behind it, or that removes security headers, is reported", async () => {
  expect((await runDoctor({ hides: "/health" })).printed).toContain(
    "no    reachable: /health answers 404. The proxy answers, but email-connector behind it does not.",
  );
  expect((await runDoctor({ drops: ["x-frame-options"] })).printed).toContain(
    "no    security headers: the proxy removes x-frame-options. Let them through.",
  );
});

const localhost = { hosts: ["localhost"] };
test.each([
  ["has expired", () => trustedAuthority().issue({ ...localhost, days: -1 }), "has expired. Renew it"],
  ["is for another name", () => trustedAuthority().issue({ hosts: ["b.example"] }), "for another name"],
  ["is self-signed", () => trustedAuthority().selfSigned(localhost), "self-signed; Claude refuses it"],
  [
    "is signed by an unknown authority",
    () => createAuthority("stranger").issue(localhost),
    "fullchain.pem, not cert.pem",
  ],
] as const)("A certificate that %s is reported with the advice that fits", async (_, certificate, advice) => {
  const { exitCode, printed } = await runDoctor({ certificate: certificate() });
  expect(printed).toContain(advice);
  expect(exitCode).toBe(1);
});

test("Without the server key the checks that need it are skipped, which is reported", async () => {
  await withProduct({}, async ({ url }) => {
    const { printed } = await runCommand(["doctor"], { PUBLIC_URL: url, DATA_DIR: "/nowhere" });
    expect(printed).toContain("skip  proxy, body limits, streaming");
  });
});

test("A port on which nothing listens is reported in one line", async () => {
  const port = await freePort();
  const { exitCode, printed } = await runCommand(["doctor"], { PUBLIC_URL: `http://localhost:${port}` });
  expect(printed).toContain(
    "nothing listens there. Is the proxy running, and is the port open in the firewall?",
  );
  expect(exitCode).toBe(1);
});

test.each([
  ["90 days", 90 * 24, 20 * 24, "valid for 20 days", "it expires in 14 days"],
  ["6 days", 6 * 24, 30, "valid for 30 hours", "it expires in 23 hours"],
  ["12 hours", 12, 3, "valid for 3 hours", "it expires in 1 hours"],
])(
  "A certificate of %s is fine while it can still be renewed in time, and reported after that",
  (_, hours, left, fine, late) => {
    const ends = { certificateStartsAt: 0, certificateEndsAt: hours * 3_600_000 };
    const at = (leftHours: number) => (hours - leftHours) * 3_600_000;
    expect(checkCertificate(ends, { ownHttps: false }, at(left))).toBe(fine);
    const expiring = () => checkCertificate(ends, { ownHttps: true }, at(hours / 6 - 0.1));
    expect(expiring).toThrow(late);
    expect(expiring).toThrow("certificate_failed");
  },
);

test("A fresh certificate of a few days is no reason for an alarm", async () => {
  const certificate = trustedAuthority().issue({ hosts: ["localhost"], days: 5 });
  const { exitCode, printed } = await runDoctor({ certificate });
  expect(printed).toContain("ok    certificate: valid for 4 days");
  expect(exitCode).toBe(0);
});

test("Settings that do not fit together, and unknown ones, are reported", async () => {
  const { printed } = await runDoctor({}, { ACME_PROFILE: "short" });
  expect(printed).toContain("no    settings: there is no setting ACME_PROFILE.");
  const both = await capture((terminal) => doctor(terminal), {
    ...{ PUBLIC_URL: `https://localhost:${await freePort()}`, HTTPS: "acme" },
    TRUSTED_PROXIES: "127.0.0.1",
  });
  expect(both.printed).toContain("no    settings: HTTPS=acme answers callers itself");
});

test("Every failure that doctor can report says what to do: a second sentence that asks for something", async () => {
  const source = await Bun.file(new URL("../../src/cli/doctor.ts", import.meta.url)).text();
  const messages = [...source.matchAll(/new Error\(\s*([`"])([\s\S]*?)\1,?\s*\)/g)].map(
    ([, , text = ""]) => text,
  );
  expect(messages.length).toBeGreaterThan(15);
  const asks =
    /\b(?:Add|Check|Exclude|Get|Let|Look|Point|Raise|Redirect|Remove|Renew|Restart|Run|Serve|Set|Start|Switch)\b|open it in|log says why not|advice\[code\]/;
  // A value that was thrown and is no error becomes one without a message of its own.
  expect(messages.filter((text) => text !== "failed" && !asks.test(text))).toEqual([]);
});
