/** Issuers in the commands `doctor` and `check`. */
import { afterAll, expect, test } from "bun:test";
import { describeSignIn, issuerChecks } from "../../src/cli/check-issuers.ts";
import { loadConfig } from "../../src/config.ts";
import type { DiscoveredServers } from "../../src/providers/discover.ts";
import { loadIssuers } from "../../src/signin/issuers.ts";
import { exampleIssuer } from "../support/example-issuer.ts";
import { startIssuer } from "../support/issuer.ts";
import { toIssuerFile } from "../support/sign-in.ts";

const issuer = await startIssuer();
afterAll(() => issuer.stop());

/** Runs the checks of doctor for one entry of SIGN_IN_FILE. */
async function check(changes: Record<string, unknown> = {}): Promise<string> {
  const config = loadConfig({
    SIGN_IN_FILE: toIssuerFile(issuer, changes),
    PUBLIC_URL: "https://mail.example.org",
  });
  const outcomes = issuerChecks(config).map(async (each) => `${each.subject}: ${await each.check()}`);
  return Promise.all(outcomes).then(
    (lines) => lines.join("\n"),
    (error: Error) => `no: ${error.message}`,
  );
}

test("doctor asks each issuer whether it answers and accepts the client, and names the redirect URI", async () => {
  expect(await check()).toBe(
    "sign-in at Example Mail: it answers and accepts the client; the redirect URI is https://mail.example.org/sign-in/example",
  );
  expect(await check({ client_secret: "wrong" })).toContain(
    "no: it does not accept the client id and secret",
  );
  expect(await check({ issuer: "http://localhost:9" })).toContain("does not answer as an issuer");
  expect(await check({ id: "NO" })).toContain("no: SIGN_IN_FILE");
});

test("check says how an address can be opened by a sign-in, and what the operator would have to do", () => {
  const servers = { imap: exampleIssuer.imap, smtp: exampleIssuer.smtp, username: "address" } as const;
  const describe = (found: Partial<DiscoveredServers>, issuers = [exampleIssuer]) =>
    describeSignIn(issuers, "ann@other.test", { ...servers, provider: "generic", source: "guess", ...found });
  expect(describe({})).toContain(
    'the page offers "Continue with Example Mail", which uses imap.example.test:993',
  );
  expect(describe({ provider: "outlook" }, [])).toContain(
    "once MICROSOFT_CLIENT_ID is set; docs/microsoft.md",
  );
  expect(describe({ issuerHost: "id.other.test" }, [])).toContain(
    "id.other.test, which is not in SIGN_IN_FILE",
  );
  expect(describe({}, [])).toBeUndefined();
  expect(loadIssuers(loadConfig({}))).toEqual([]);
});
