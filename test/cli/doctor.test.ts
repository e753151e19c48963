/** `doctor` through a front door that works, and through ones that spoil something. */
import { expect, test } from "bun:test";
import { createAuthority, trustedAuthority } from "../support/authority.ts";
import { runCommand } from "../support/command.ts";
import { startFrontDoor } from "../support/front-door.ts";
import { freePort, freePorts } from "../support/ports.ts";
import { withProduct } from "../support/product.ts";

/** A product behind a front door that does `spoil`, seen by doctor. */
async function examine(
  spoil: Parameters<typeof startFrontDoor>[1] = {},
  settings: Readonly<Record<string, string>> = {},
): Promise<{ exitCode: number; printed: string; url: string }> {
  // Asked for one after the other, both could be the same.
  const [port = 0, inner = 0] = await freePorts(2);
  const door = startFrontDoor({ port, target: `http://127.0.0.1:${inner}` }, spoil);
  const env = { PUBLIC_URL: door.url, PORT: String(inner), TRUSTED_PROXIES: "127.0.0.1", ...settings };
  try {
    return await withProduct({ settings: env }, async ({ dataDir }) => {
      const ran = await runCommand(["doctor"], { ...env, DATA_DIR: dataDir });
      return { ...ran, url: door.url };
    });
  } finally {
    await door.stop();
  }
}

test("a front door with https that passes everything on is well: every line says ok, and the exit code is 0", async () => {
  const { exitCode, printed, url } = await examine();
  expect(printed).toContain(`Looking at ${url} from outside.`);
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

test("a proxy that holds answers back is told to switch its buffering off", async () => {
  const { exitCode, printed } = await examine({ buffers: true });
  expect(printed).toContain("no    streaming: the proxy holds answers back.");
  expect(exitCode).toBe(1);
});

test("a proxy with a small body limit is told to raise it", async () => {
  const { printed } = await examine({ maxBytes: 1_048_576 });
  expect(printed).toContain("ok    body limit of calls");
  expect(printed).toContain(
    "no    body limit of uploads: 26 MB answers 413. Raise the proxy's limit to 27 MB.",
  );
});

test("a proxy that believes the caller's X-Forwarded-For, or drops Host, is told so", async () => {
  expect((await examine({ appendsForwardedFor: true })).printed).toContain(
    "no    proxy headers: anybody can choose the address we count by.",
  );
  expect((await examine({ host: "inner" })).printed).toContain(
    "no    proxy headers: the Host arrives as inner",
  );
  expect((await examine({}, { TRUSTED_PROXIES: "" })).printed).toContain(
    "Set TRUSTED_PROXIES to its address.",
  );
});

test("a proxy that swallows the challenge or the discovery documents is told so", async () => {
  const { printed } = await examine({ drops: ["www-authenticate"], hides: "/.well-known/" });
  expect(printed).toContain("no    401 challenge: the WWW-Authenticate header is lost.");
  expect(printed).toContain("no    /.well-known/oauth-authorization-server: answers 404.");
});

test("a proxy that is there without the server behind it, or drops security headers, is told so", async () => {
  expect((await examine({ hides: "/health" })).printed).toContain(
    "no    reachable: /health answers 404. The proxy is there, email-connector behind it is not.",
  );
  expect((await examine({ drops: ["x-frame-options"] })).printed).toContain(
    "no    security headers: the proxy removes x-frame-options. Let them through.",
  );
});

const localhost = { hosts: ["localhost"] };
test.each([
  ["ends in 5 days", () => trustedAuthority().issue({ ...localhost, days: 5 }), "certificate: it ends in "],
  ["has ended", () => trustedAuthority().issue({ ...localhost, days: -1 }), "has expired. Renew it"],
  ["is for another name", () => trustedAuthority().issue({ hosts: ["b.example"] }), "for another name"],
  ["nobody signed", () => trustedAuthority().selfSigned(localhost), "self-signed; Claude refuses it"],
  ["a stranger signed", () => createAuthority("stranger").issue(localhost), "fullchain.pem, not cert.pem"],
] as const)("a certificate that %s is told as what it is", async (_, certificate, said) => {
  const { exitCode, printed } = await examine({ certificate: certificate() });
  expect(printed).toContain(said);
  expect(exitCode).toBe(1);
});

test("without the server's key the inner checks are skipped, and said so", async () => {
  await withProduct({}, async ({ url }) => {
    const { printed } = await runCommand(["doctor"], { PUBLIC_URL: url, DATA_DIR: "/nowhere" });
    expect(printed).toContain("skip  proxy, body limits, streaming");
  });
});

test("where nothing listens, one line says so", async () => {
  const port = await freePort();
  const { exitCode, printed } = await runCommand(["doctor"], { PUBLIC_URL: `http://localhost:${port}` });
  expect(printed).toContain("nothing listens there. Is the proxy up, and the port open in the firewall?");
  expect(exitCode).toBe(1);
});
