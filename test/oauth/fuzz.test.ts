/** Arbitrary requests: each gets a documented answer, never an internal error and never a redirect to another URI. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { redirectUri } from "../support/authorize.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

const clock = createTestClock();
let product: TestProduct;
beforeAll(async () => {
  product = await startProduct({ clock });
});
afterAll(async () => {
  await product.stop();
  expect(product.logged.filter((line) => line.includes('"bug"'))).toEqual([]);
});

const runs = { numRuns: 150 };

/** A meaningful value in three of four cases, else an arbitrary string. */
const knownOrAny = (...known: string[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, fc.string({ unit: "binary", maxLength: 60 }));

const parameters = (shape: Readonly<Record<string, fc.Arbitrary<string>>>) =>
  fc
    .array(fc.oneof(...Object.entries(shape).map(([name, value]) => fc.tuple(fc.constant(name), value))), {
      maxLength: 12,
    })
    .map((pairs) =>
      pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join("&"),
    );

const authorizationQuery = fc.oneof(
  fc.string({ maxLength: 80 }).map((text) => encodeURI(text.toWellFormed())),
  parameters({
    response_type: knownOrAny("code", "token", ""),
    client_id: knownOrAny(
      "test-client",
      "https://claude.ai/oauth/claude-code-client-metadata",
      "reg_AAAA",
      "",
    ),
    redirect_uri: knownOrAny(redirectUri, "http://localhost:1/callback", "https://evil.example/", ""),
    code_challenge: knownOrAny("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "short", ""),
    code_challenge_method: knownOrAny("S256", "plain", ""),
    state: knownOrAny("s", ""),
    resource: knownOrAny("https://evil.example/mcp", ""),
    scope: knownOrAny("email:read", "email:read email:write", "openid"),
  }),
);

test("RFC 6749 section 3.1: any query of the authorization endpoint gets a page or an allowed redirect", async () => {
  await fc.assert(
    fc.asyncProperty(authorizationQuery, async (query) => {
      clock.advance(1_000);
      const response = await fetch(`${product.url}/oauth/authorize?${query}`, { redirect: "manual" });
      expect([200, 303, 400, 401]).toContain(response.status);
      const location = response.headers.get("Location");
      expect(location !== null).toBe(response.status === 303);
      if (location !== null) {
        const { origin, pathname } = new URL(location);
        expect([redirectUri, "http://localhost:1/callback"]).toContain(`${origin}${pathname}`);
      }
      await response.text();
    }),
    runs,
  );
});

const tokenBody = parameters({
  grant_type: knownOrAny("authorization_code", "refresh_token", "password", ""),
  client_id: knownOrAny("test-client", "https://claude.ai/oauth/claude-code-client-metadata", ""),
  client_secret: knownOrAny("test-client-secret-0123456789", "wrong", ""),
  code: knownOrAny("0".repeat(48), ""),
  refresh_token: knownOrAny("0".repeat(64), ""),
  code_verifier: knownOrAny("v".repeat(43), ""),
  redirect_uri: knownOrAny(redirectUri, ""),
  resource: knownOrAny("https://evil.example/", ""),
});

test("RFC 6749 section 5.2: any body of the token endpoint gets a documented error", async () => {
  await fc.assert(
    fc.asyncProperty(tokenBody, fc.boolean(), async (body, isForm) => {
      clock.advance(1_000);
      const response = await fetch(`${product.url}/oauth/token`, {
        method: "POST",
        headers: { "Content-Type": isForm ? "application/x-www-form-urlencoded" : "text/plain" },
        body,
      });
      expect([400, 401]).toContain(response.status);
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      expect(await response.json()).toEqual({
        error: expect.stringMatching(
          /^(invalid_request|invalid_client|invalid_grant|unsupported_grant_type|invalid_target)$/,
        ),
        error_description: expect.any(String),
      });
    }),
    runs,
  );
});

test("RFC 7591 section 3.2: any metadata gets a client or a documented error", async () => {
  const metadata = fc.oneof(
    fc.jsonValue(),
    fc.record({
      redirect_uris: fc.oneof(fc.constant([redirectUri]), fc.jsonValue()),
      token_endpoint_auth_method: fc.jsonValue(),
      client_name: fc.jsonValue(),
    }),
  );
  await fc.assert(
    fc.asyncProperty(metadata, async (requested) => {
      clock.advance(2_000);
      const response = await fetch(`${product.url}/oauth/register`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(requested),
      });
      const answer = await response.json();
      if (response.status === 201) expect(answer.redirect_uris).toEqual([redirectUri]);
      else {
        expect(response.status).toBe(400);
        expect(answer.error).toMatch(/^invalid_(redirect_uri|client_metadata)$/);
      }
    }),
    runs,
  );
});

test("any form without a valid request gets a page with status 400", async () => {
  const form = parameters({
    request: knownOrAny("", "AAAA"),
    provider: knownOrAny("generic", "gmail", "nobody"),
    address: knownOrAny("a@example.test", ""),
    password: knownOrAny("x", ""),
    imap_host: knownOrAny("127.0.0.1", ""),
    imap_port: knownOrAny("993", "-1"),
    level: knownOrAny("read", "send"),
    [fieldNames.next]: knownOrAny("go", "ask", "add", "finish"),
  });
  await fc.assert(
    fc.asyncProperty(form, async (body) => {
      clock.advance(1_000);
      const response = await fetch(`${product.url}/oauth/connect`, {
        method: "POST",
        redirect: "manual",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body,
      });
      expect(response.status).toBe(400);
      expect(response.headers.get("Content-Type")).toStartWith("text/html");
      await response.text();
    }),
    runs,
  );
});
