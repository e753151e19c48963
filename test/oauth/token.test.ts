import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  beginAuthorization,
  connectMailbox,
  formFields,
  redeemCode,
  redirectUri,
  requestToken,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { startProduct, type TestProduct, withProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

describeMail("The token endpoint", () => {
  const clock = createTestClock();
  let product: TestProduct;
  let user: User;
  beforeAll(async () => {
    product = await startProduct({ clock });
    user = await (await mailServer()).newUser();
  });
  afterAll(() => product.stop());

  /** Runs the authorization flow. Returns the code, its verifier and the parameters of the response. */
  async function newCode(overrides: Readonly<Record<string, string>> = {}) {
    const authorization = await beginAuthorization(product, overrides);
    const answer = await requireCode(
      await submitForm(product, authorization, formFields(user, await mailServer())),
    );
    return {
      code: answer.get("code") ?? "",
      verifier: authorization.verifier,
      answer,
      state: authorization.state,
    };
  }

  const redeem = (code: string, verifier: string, changes: Readonly<Record<string, string>> = {}) =>
    requestToken(product, {
      grant_type: "authorization_code",
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
      ...changes,
    });

  const refresh = (token: string, changes: Readonly<Record<string, string>> = {}) =>
    requestToken(product, { grant_type: "refresh_token", refresh_token: token, ...changes });

  async function expectError(response: Response, status: number, error: string): Promise<void> {
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error, error_description: expect.any(String) });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  }

  /** Returns the status of a request to /mcp with this token. */
  async function statusOf(accessToken: string): Promise<number> {
    const response = await fetch(`${product.url}/mcp`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
    });
    await response.text();
    return response.status;
  }

  test("RFC 6749 section 5.1: a code of 48 hex digits is redeemed for tokens of 64, valid for 30 days", async () => {
    const { code, verifier, answer, state } = await newCode();
    expect(code).toMatch(/^[0-9a-f]{48}$/);
    expect(Object.fromEntries(answer)).toEqual({ code, state, iss: product.url });
    const response = await redeem(code, verifier);
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({
      access_token: expect.stringMatching(/^[0-9a-f]{64}$/),
      token_type: "Bearer",
      expires_in: 2_592_000,
      refresh_token: expect.stringMatching(/^[0-9a-f]{64}$/),
      scope: "email:read email:write",
    });
  });

  test("A01: RFC 6749 section 4.1.2: a code redeemed twice is invalid_grant, and its tokens are revoked", async () => {
    const { code, verifier } = await newCode();
    const { accessToken, refreshToken } = await redeemCode(product, code, verifier);
    expect(await statusOf(accessToken)).toBe(200);
    await expectError(await redeem(code, verifier), 400, "invalid_grant");
    expect(await statusOf(accessToken)).toBe(401);
    await expectError(await refresh(refreshToken), 400, "invalid_grant");
    const warning = product.logged.findLast((line) => line.includes("grant_ended")) ?? "{}";
    expect(JSON.parse(warning)).toMatchObject({ level: "warn", reason: "code_replayed" });
  });

  test("A01: RFC 6749 section 4.1.2: of twenty simultaneous redemptions one gets a token, which is then revoked", async () => {
    const { code, verifier } = await newCode();
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(code, verifier)));
    const tokens = await Promise.all(
      answers.filter(({ status }) => status === 200).map((answer) => answer.json()),
    );
    expect(tokens).toHaveLength(1);
    expect(await statusOf(tokens[0].access_token)).toBe(401);
  });

  test("A03: RFC 7636 section 4.6: a wrong verifier is invalid_grant and spends the code", async () => {
    const { code, verifier } = await newCode();
    await expectError(await redeem(code, `${verifier.slice(1)}x`), 400, "invalid_grant");
    // A guess spends the code, so there is only one.
    await expectError(await redeem(code, verifier), 400, "invalid_grant");
  });

  test.each([
    ["42 characters", "x".repeat(42)],
    ["129 characters", "x".repeat(129)],
    ["none", ""],
    ["characters that are not unreserved", `${"x".repeat(42)}*`],
  ])("A03: RFC 7636 section 4.1: a verifier of %s is invalid_request", async (_, codeVerifier) => {
    const { code } = await newCode();
    await expectError(await redeem(code, codeVerifier), 400, "invalid_request");
  });

  test("A04: RFC 6749 section 4.1.3: a code presented by another client is invalid_grant and is spent", async () => {
    const { code, verifier } = await newCode();
    const other = {
      client_id: "https://claude.ai/oauth/mcp-oauth-client-metadata",
      client_secret: "",
    };
    await expectError(await redeem(code, verifier, other), 400, "invalid_grant");
    await expectError(await redeem(code, verifier), 400, "invalid_grant");
  });

  test.each(["https://claude.com/api/mcp/auth_callback", ""])(
    "A04: RFC 6749 section 4.1.3: a code with the redirect_uri %p is invalid_grant",
    async (redirect) => {
      const { code, verifier } = await newCode();
      await expectError(await redeem(code, verifier, { redirect_uri: redirect }), 400, "invalid_grant");
    },
  );

  test("A04: RFC 6749 section 4.1.2: a code expires after five minutes", async () => {
    const early = await newCode();
    clock.advance(299_000);
    expect((await redeem(early.code, early.verifier)).status).toBe(200);
    const late = await newCode();
    clock.advance(300_000);
    await expectError(await redeem(late.code, late.verifier), 400, "invalid_grant");
  });

  test("A14: RFC 8707 section 2: a token request for another resource is invalid_target and does not spend the code", async () => {
    const { code, verifier } = await newCode();
    for (const resource of ["https://evil.example/mcp", `${product.url}/mcp#x`])
      await expectError(await redeem(code, verifier, { resource }), 400, "invalid_target");
    expect((await redeem(code, verifier, { resource: product.url })).status).toBe(200);
  });

  test("RFC 6749 section 5.2: an unknown or unauthenticated client gets 401 invalid_client", async () => {
    const { code, verifier } = await newCode();
    const wrong: Record<string, string>[] = [
      { client_secret: "wrong" },
      { client_secret: "" },
      { client_id: "nobody" },
    ];
    for (const client of wrong)
      await expectError(await redeem(code, verifier, client), 401, "invalid_client");
    expect((await redeem(code, verifier)).status).toBe(200);
  });

  test("RFC 6749 section 2.3.1: HTTP Basic is accepted, with form-encoded id and secret", async () => {
    const { code, verifier } = await newCode();
    const post = (authorization: string, more: Readonly<Record<string, string>> = {}) =>
      fetch(`${product.url}/oauth/token`, {
        method: "POST",
        headers: { Authorization: authorization },
        body: new URLSearchParams({
          grant_type: "authorization_code",
          code,
          code_verifier: verifier,
          redirect_uri: redirectUri,
          ...more,
        }),
      });
    const encode = (text: string) => Buffer.from(text).toString("hex").replace(/../g, "%$&");
    const basic = (id: string, secret: string) => `Basic ${btoa(`${encode(id)}:${encode(secret)}`)}`;
    const wrong = await post(basic(product.clientId, "wrong"));
    expect(wrong.headers.get("WWW-Authenticate")).toStartWith("Basic");
    await expectError(wrong, 401, "invalid_client");
    await expectError(await post("Basic !"), 401, "invalid_client");
    const right = basic(product.clientId, product.clientSecret);
    // RFC 6749 section 2.3: at most one authentication method per request.
    await expectError(await post(right, { client_secret: "x" }), 400, "invalid_request");
    await expectError(await post(right, { client_id: "another" }), 400, "invalid_request");
    expect((await post(right, { client_id: product.clientId })).status).toBe(200);
  });

  test("RFC 6749 section 2.3.1: a secret with spaces and special characters is form-decoded", async () => {
    const OAUTH_CLIENT_SECRET = "a secret + with 100% of: signs/äöü";
    await withProduct({ settings: { OAUTH_CLIENT_SECRET } }, async ({ url, clientId }) => {
      const post = (secret: string) =>
        fetch(`${url}/oauth/token`, {
          method: "POST",
          headers: { Authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
          body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: "x" }),
        });
      const encoded = new URLSearchParams({ "": OAUTH_CLIENT_SECRET }).toString().slice(1);
      for (const right of [encoded, encodeURIComponent(OAUTH_CLIENT_SECRET)])
        await expectError(await post(right), 400, "invalid_grant");
      for (const wrong of [encoded.replaceAll("+", ""), "100%", encoded.replaceAll("%3A", ":x")])
        await expectError(await post(wrong), 401, "invalid_client");
    });
  });

  test("RFC 6749 section 3.2: the body is a form, with or without a charset, and no parameter is repeated", async () => {
    const { code, verifier } = await newCode();
    const form = new URLSearchParams({
      grant_type: "authorization_code",
      client_id: product.clientId,
      client_secret: product.clientSecret,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    });
    const post = (body: string, type: string, path = "/oauth/token") =>
      fetch(`${product.url}${path}`, { method: "POST", headers: { "Content-Type": type }, body });
    const usual = "application/x-www-form-urlencoded";
    await expectError(await post(`${form}&code=x`, usual), 400, "invalid_request");
    await expectError(await post(`${form}`, "text/plain"), 400, "invalid_request");
    await expectError(
      await post(JSON.stringify(Object.fromEntries(form)), "application/json"),
      400,
      "invalid_request",
    );
    expect((await post(`${form}&pad=${"x".repeat(17_000)}`, usual)).status).toBe(413);
    // The request of claude.ai when it finds no metadata.
    expect((await post(`${form}`, `${usual}; charset=UTF-8`, "/token")).status).toBe(200);
  });

  test("RFC 6749 section 5.2: an unknown grant type is unsupported_grant_type, a missing parameter invalid_request", async () => {
    await expectError(await requestToken(product, {}), 400, "invalid_request");
    for (const grantType of [
      "password",
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:device_code",
    ])
      await expectError(
        await requestToken(product, { grant_type: grantType }),
        400,
        "unsupported_grant_type",
      );
    await expectError(
      await requestToken(product, { grant_type: "authorization_code" }),
      400,
      "invalid_request",
    );
    await expectError(await requestToken(product, { grant_type: "refresh_token" }), 400, "invalid_request");
  });

  test("RFC 6749 section 6: a refresh token is redeemed for a new pair of tokens", async () => {
    const first = await connectMailbox(product, user);
    const response = await refresh(first.refreshToken);
    expect(response.status).toBe(200);
    const second = await response.json();
    expect(second.access_token).not.toBe(first.accessToken);
    expect(second.refresh_token).not.toBe(first.refreshToken);
    expect(second.scope).toBe("email:read email:write");
    expect(await statusOf(second.access_token)).toBe(200);
    expect(await statusOf(first.accessToken)).toBe(200);
  });

  test("RFC 6749 section 10.4: a refresh token presented by another client is invalid_grant and is not spent", async () => {
    const { refreshToken } = await connectMailbox(product, user);
    const other = { client_id: "https://claude.ai/oauth/claude-code-client-metadata", client_secret: "" };
    await expectError(await refresh(refreshToken, other), 400, "invalid_grant");
    await expectError(await refresh(refreshToken, { client_secret: "wrong" }), 401, "invalid_client");
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  test("An access token is not accepted as a refresh token, nor a refresh token as an access token", async () => {
    const { accessToken, refreshToken } = await connectMailbox(product, user);
    await expectError(await refresh(accessToken), 400, "invalid_grant");
    expect(await statusOf(refreshToken)).toBe(401);
  });

  test("An access token expires after 30 days; each refresh extends the refresh token's lifetime", async () => {
    const { accessToken, refreshToken } = await connectMailbox(product, user);
    clock.advance(2_592_000_000);
    expect(await statusOf(accessToken)).toBe(401);
    const next = await (await refresh(refreshToken)).json();
    clock.advance(150 * 86_400_000);
    const last = await (await refresh(next.refresh_token)).json();
    expect(await statusOf(last.access_token)).toBe(200);
  });

  test("RFC 6749 section 3.3: a grant with the level read has the scope email:read, also after a refresh", async () => {
    const { scope, refreshToken } = await connectMailbox(product, user, { level: "read" });
    expect(scope).toBe("email:read");
    expect((await (await refresh(refreshToken)).json()).scope).toBe("email:read");
    expect((await connectMailbox(product, user, { level: "organise" })).scope).toBe("email:read email:write");
  });
});
