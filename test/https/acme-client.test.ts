/** The ACME client against scripted answers of an authority: what a real one says only on bad days. */
import { expect, test } from "bun:test";
import { createAcmeClient, requireUsable } from "../../src/https/acme-client.ts";
import { readRetryAfter } from "../../src/https/acme-error.ts";
import { toCertificateId } from "../../src/https/renewal-info.ts";
import type { AuthorityRequest, AuthorityResponse } from "../../src/outbound/authority-request.ts";
import { newSigningKey, readCertificate } from "../../src/secrets.ts";
import { createAuthority } from "../support/authority.ts";
import { createTestClock } from "../support/test-clock.ts";

const base = "https://authority.test";
const host = "mail.example.org";
const directory = {
  newNonce: `${base}/nonce`,
  newAccount: `${base}/account`,
  newOrder: `${base}/order`,
  renewalInfo: `${base}/ari`,
};

type Answer = { status?: number; json?: unknown; headers?: Record<string, string> };

/** Creates a client whose authority answers a path with the next of its answers; the last one stays. */
function createScripted(script: Readonly<Record<string, Answer[]>>) {
  const sent: { path: string; payload: unknown; header: Record<string, unknown>; method: string }[] = [];
  let nonces = 0;
  const clock = createTestClock();
  const client = createAcmeClient({
    directoryUrl: `${base}/directory`,
    accountKey: newSigningKey(),
    contact: "operator@example.org",
    clock,
    sleep: async (ms) => clock.advance(ms),
    publish: () => () => undefined,
    async send(url: string, { method, body }: AuthorityRequest): Promise<AuthorityResponse> {
      const path = new URL(url).pathname;
      nonces += 1;
      const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString() || "null");
      const jws = body === undefined ? undefined : JSON.parse(body);
      sent.push({ path, method, header: jws && read(jws.protected), payload: jws && read(jws.payload) });
      const answers = path === "/directory" ? [{ json: directory }] : (script[path] ?? []);
      const answer: Answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
      return {
        status: answer.status ?? 200,
        headers: { "replay-nonce": `nonce-${nonces}`, location: `${base}/at${path}`, ...answer.headers },
        text: JSON.stringify(answer.json ?? {}),
      };
    },
  });
  return { client, sent, clock };
}

const problem = (type: string, detail = "no") => ({
  status: 400,
  json: { type: `urn:ietf:params:acme:error:${type}`, detail },
});

test("RFC 8555 section 6.5: a request whose nonce is refused is repeated with the nonce of the refusal", async () => {
  const { client, sent } = createScripted({
    "/account": [...Array.from({ length: 8 }, () => problem("badNonce")), {}],
    "/order": [problem("rejectedIdentifier", "Not this name.")],
  });
  await expect(client.issue(host, undefined)).rejects.toMatchObject({ type: "rejectedIdentifier" });
  const nonces = sent.filter(({ path }) => path === "/account").map(({ header }) => header.nonce);
  expect(nonces).toHaveLength(9);
  expect(new Set(nonces).size).toBe(9);
});

test("RFC 8555 section 6.5: an authority that refuses every nonce is a failure, not a loop", async () => {
  const { client, sent } = createScripted({ "/account": [problem("badNonce")] });
  await expect(client.issue(host, undefined)).rejects.toMatchObject({ type: "badNonce" });
  expect(sent.filter(({ path }) => path === "/account")).toHaveLength(12);
});

test("RFC 8555 section 6.6: a rate limit is reported with the authority's text and its Retry-After", async () => {
  const { client } = createScripted({
    "/order": [
      {
        ...problem("rateLimited", "too many\ncertificates"),
        status: 429,
        headers: { "retry-after": "3600" },
      },
    ],
  });
  await expect(client.issue(host, undefined)).rejects.toMatchObject({
    type: "rateLimited",
    message: "too many certificates",
    retryAfterMs: 3_600_000,
  });
});

test("RFC 8555 section 7.3: the account is created with the contact, signed with its key, and named after that", async () => {
  const { client, sent } = createScripted({ "/order": [problem("rejectedIdentifier")] });
  await client.issue(host, undefined).catch(() => undefined);
  const [account, order] = sent.filter(({ method }) => method === "POST");
  expect(account?.payload).toEqual({ termsOfServiceAgreed: true, contact: ["mailto:operator@example.org"] });
  expect(account?.header).toMatchObject({ alg: "ES256", jwk: { crv: "P-256", kty: "EC" } });
  expect(order?.header).toMatchObject({ kid: `${base}/at/account`, url: directory.newOrder });
  expect(order?.payload).toEqual({ identifiers: [{ type: "dns", value: host }] });
});

test("RFC 8555 section 8.3: a failed check of port 80 is reported with the authority's explanation", async () => {
  const { client } = createScripted({
    "/order": [{ json: { status: "pending", authorizations: [`${base}/authz`], finalize: `${base}/end` } }],
    "/authz": [
      { json: { status: "pending", challenges: [{ type: "http-01", url: `${base}/check`, token: "t" }] } },
      {
        json: {
          status: "invalid",
          challenges: [
            { type: "http-01", url: `${base}/check`, token: "t", error: problem("dns", "NXDOMAIN").json },
          ],
        },
      },
    ],
  });
  await expect(client.issue(host, undefined)).rejects.toMatchObject({ type: "dns", message: "NXDOMAIN" });
});

test("RFC 9773 section 5: an order names the certificate it replaces, and is placed without it when refused", async () => {
  const { cert } = createAuthority().issue({ hosts: [host] });
  const id = toCertificateId(readCertificate(cert));
  expect(id).toMatch(/^[\w-]{27}\.[\w-]+$/);
  const { client, sent } = createScripted({
    "/order": [problem("alreadyReplaced"), problem("rejectedIdentifier")],
  });
  await client.issue(host, cert).catch(() => undefined);
  const identifiers = [{ type: "dns", value: host }];
  expect(sent.filter(({ path }) => path === "/order").map(({ payload }) => payload)).toEqual([
    { identifiers, replaces: id },
    { identifiers },
  ]);
});

test("RFC 9773 section 4.1: renewal information is asked for by key identifier and serial number", async () => {
  // The example of the RFC: the serial number 00:87:65:43:21.
  const keyIdentifier = Buffer.from("69885b6b87464041e1b37b847ba0ae2cde01c8d4", "hex");
  const extension = Buffer.from("0603551d23041830168014", "hex");
  const der = Buffer.concat([Buffer.from("30820000", "hex"), extension, keyIdentifier]);
  expect(toCertificateId({ der, serial: "87654321" })).toBe("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");

  const { cert } = createAuthority().issue({ hosts: [host] });
  const window = { start: "2026-12-01T00:00:00Z", end: "2026-12-02T00:00:00Z" };
  const path = `/ari/${toCertificateId(readCertificate(cert))}`;
  const { client, sent } = createScripted({
    [path]: [
      { json: { suggestedWindow: window }, headers: { "retry-after": "21600" } },
      { json: { suggestedWindow: { start: window.end, end: window.start } } },
    ],
  });
  expect(await client.askRenewalWindow(cert)).toEqual({
    window: { startsAt: Date.parse(window.start), endsAt: Date.parse(window.end) },
    askAgainMs: 21_600_000,
  });
  expect(sent.at(-1)).toMatchObject({ path, method: "GET" });
  // Section 4.2: a window that ends before it starts is ignored.
  expect(await client.askRenewalWindow(cert)).toEqual({ window: undefined, askAgainMs: undefined });
});

test("A certificate for another name or key, an expired one, and no certificate are refused", () => {
  const authority = createAuthority();
  const { cert, key } = authority.issue({ hosts: [host] });
  const nowMs = Date.now();
  requireUsable(cert, { host, key, nowMs });
  const refused = [
    { chain: cert, host: "other.example.org", key, nowMs, message: "not for other.example.org" },
    { chain: cert, host, key: newSigningKey(), nowMs, message: "another key" },
    { chain: cert, host, key, nowMs: nowMs + 40 * 86_400_000, message: "expired" },
    { chain: "<html>", host, key, nowMs, message: "not a certificate" },
  ];
  for (const { chain, message, ...options } of refused)
    expect(() => requireUsable(chain, options)).toThrow(message);
});

test("RFC 9110 section 10.2.3: Retry-After is read as seconds or as a date, and bounded", () => {
  const nowMs = Date.parse("2026-11-30T12:00:00Z");
  expect(readRetryAfter("120", nowMs)).toBe(120_000);
  expect(readRetryAfter("Mon, 30 Nov 2026 13:00:00 GMT", nowMs)).toBe(3_600_000);
  expect(readRetryAfter("99999999", nowMs)).toBe(7 * 86_400_000);
  expect(readRetryAfter("soon", nowMs)).toBeUndefined();
  expect(readRetryAfter(undefined, nowMs)).toBeUndefined();
});
