/** Whatever a stranger sends: an answer of the contract, never a bug, and never a redirect that is not on the list. */
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

/** Often a value that means something, else anything. */
const oneOf = (...known: string[]) =>
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
    response_type: oneOf("code", "token", ""),
    client_id: oneOf("test-client", "https://claude.ai/oauth/claude-code-client-metadata", "reg_AAAA", ""),
    redirect_uri: oneOf(redirectUri, "http://localhost:1/callback", "https://evil.example/", ""),
    code_challenge: oneOf("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "short", ""),
    code_challenge_method: oneOf("S256", "plain", ""),
    state: oneOf("s", ""),
    resource: oneOf("https://evil.example/mcp", ""),
    scope: oneOf("email:read", "email:read email:write", "openid"),
  }),
);

test("RFC 6749 section 3.1: any query of the authorization endpoint", async () => {
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
  grant_type: oneOf("authorization_code", "refresh_token", "password", ""),
  client_id: oneOf("test-client", "https://claude.ai/oauth/claude-code-client-metadata", ""),
  client_secret: oneOf("test-client-secret-0123456789", "wrong", ""),
  code: oneOf("0".repeat(48), ""),
  refresh_token: oneOf("0".repeat(64), ""),
  code_verifier: oneOf("v".repeat(43), ""),
  redirect_uri: oneOf(redirectUri, ""),
  resource: oneOf("https://evil.example/", ""),
});

test("RFC 6749 section 3.2: any body of the token endpoint is an error the client can read", async () => {
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

test("RFC 7591 section 3.2.2: any metadata is a client or an error", async () => {
  const metadata = fc.oneof(
    fc.jsonValue(),
    fc.record({
      redirect_uris: fc.oneof(fc.constant([redirectUri]), fc.jsonValue()),
      token_endpoint_auth_method: fc.jsonValue(),
      client_name: fc.jsonValue(),
    }),
  );
  await fc.assert(
    fc.asyncProperty(metadata, async (asked) => {
      clock.advance(2_000);
      const response = await fetch(`${product.url}/oauth/register`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(asked),
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

test("any form at all is a page, and nobody is called for it", async () => {
  const form = parameters({
    request: oneOf("", "AAAA"),
    provider: oneOf("generic", "gmail", "nobody"),
    address: oneOf("a@example.test", ""),
    password: oneOf("x", ""),
    imap_host: oneOf("127.0.0.1", ""),
    imap_port: oneOf("993", "-1"),
    level: oneOf("read", "send"),
    [fieldNames.next]: oneOf("go", "ask", "add", "finish"),
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
