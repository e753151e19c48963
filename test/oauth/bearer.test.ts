import { afterAll, beforeAll, expect, test } from "bun:test";
import { connectMailbox } from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

describeMail("A13: RFC 6750: bearer tokens", () => {
  const clock = createTestClock();
  let product: TestProduct;
  let token: string;
  beforeAll(async () => {
    product = await startProduct({ clock });
    ({ accessToken: token } = await connectMailbox(product, await (await mailServer()).newUser()));
  });
  afterAll(() => product.stop());

  const call = (headers: [string, string][], query = "") =>
    fetch(`${product.url}/mcp${query}`, {
      method: "POST",
      headers: [["Content-Type", "application/json"], ...headers],
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
    });

  async function expectChallenge(response: Response, error: string): Promise<void> {
    expect(response.status).toBe(401);
    const metadata = `resource_metadata="${product.url}/.well-known/oauth-protected-resource/mcp"`;
    expect(response.headers.get("WWW-Authenticate")).toBe(
      `Bearer ${error}${metadata}, scope="email:read email:write"`,
    );
    await response.text();
  }
  const invalid = 'error="invalid_token", ';

  test("section 2.1: one Authorization header is accepted, with its scheme in any case", async () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"])
      expect((await call([["Authorization", `${scheme} ${token}`]])).status).toBe(200);
  });

  test("section 3: without a token, the challenge names the metadata (RFC 9728 section 5.1) and no error", async () => {
    await expectChallenge(await call([]), "");
  });

  test("section 3.1: another scheme and an empty header get the challenge without an error", async () => {
    for (const header of [`Basic ${btoa(`x:${token}`)}`, "", `Bearertoken ${token}`, token])
      await expectChallenge(await call([["Authorization", header]]), "");
  });

  test("section 2.3: a token in the query is ignored", async () => {
    await expectChallenge(await call([], `?access_token=${token}`), "");
  });

  test.each([
    ["a list of two tokens", (valid: string) => `Bearer ${valid}, Bearer ${valid}`],
    ["no token", () => "Bearer"],
    ["an unknown token", () => `Bearer ${"0".repeat(64)}`],
    ["a token with something after it", (valid: string) => `Bearer ${valid} x`],
    ["a token in capitals", (valid: string) => `Bearer ${valid.toUpperCase()}`],
    ["8 KB of token", () => `Bearer ${"a".repeat(8_192)}`],
  ])("section 3.1: %s is invalid_token", async (_, header) => {
    await expectChallenge(await call([["Authorization", header(token)]]), invalid);
  });

  test("a repeated Authorization header is invalid_token", async () => {
    const repeated: [string, string][] = [
      ["Authorization", `Bearer ${token}`],
      ["Authorization", `Bearer ${token}`],
    ];
    await expectChallenge(await call(repeated), invalid);
  });

  test("a header of 1 MB is refused, and the server continues to answer", async () => {
    const response = await call([["Authorization", `Bearer ${"a".repeat(1_048_576)}`]]);
    expect([401, 431]).toContain(response.status);
    expect((await call([["Authorization", `Bearer ${token}`]])).status).toBe(200);
  });

  test("wrong tokens are rate-limited per peer with 429 and Retry-After; a valid token is not", async () => {
    const wrong = () => call([["Authorization", `Bearer ${"1".repeat(64)}`]]);
    let response = await wrong();
    for (let tries = 0; response.status === 401 && tries < 500; tries++) response = await wrong();
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect((await call([["Authorization", `Bearer ${token}`]])).status).toBe(200);
    clock.advance(60_000);
  });

  test("section 3.1: an expired token is invalid_token", async () => {
    clock.advance(2_592_000_000);
    await expectChallenge(await call([["Authorization", `Bearer ${token}`]]), invalid);
  });
});
