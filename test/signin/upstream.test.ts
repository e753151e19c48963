/** The client at the issuers, against answers of the test: Microsoft's metadata, its errors, and forged responses. */
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/clock.ts";
import type { Issuer } from "../../src/signin/issuer.ts";
import { loadIssuers } from "../../src/signin/issuers.ts";
import { SignInError } from "../../src/signin/sign-in-error.ts";
import { createUpstream } from "../../src/signin/upstream.ts";
import { exampleIssuer } from "../support/example-issuer.ts";

const registration = { clientId: "our-client", clientSecret: "our-secret" };
const [microsoft] = loadIssuers({
  microsoft: { ...registration, tenant: "common" },
  google: undefined,
  signInFile: undefined,
});
if (!microsoft) throw new Error("Microsoft is an issuer once it is configured");

const checks = { state: "a state", verifier: "v".repeat(64), nonce: "a nonce", isFresh: false };
const redirectUri = "https://mail.example.org/sign-in/microsoft";
const authority = "https://login.microsoftonline.com";

/** An ID token whose signature nobody checks: it comes from the token endpoint over TLS (OpenID Connect Core 3.1.3.7). */
function toIdToken(claims: Record<string, unknown>): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}.${Buffer.from("signature").toString("base64url")}`;
}

const nowSeconds = Math.floor(Date.now() / 1000);
const claims = {
  iss: `${authority}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`,
  tid: "9188040d-6c67-4c5b-b112-36a304b66dad",
  aud: registration.clientId,
  sub: "somebody",
  nonce: checks.nonce,
  iat: nowSeconds,
  exp: nowSeconds + 3_600,
};

/** Answers discovery as the issuer, and the token endpoint with what the test says. */
function setUp(
  answer: { status?: number; body?: unknown } | Error = {},
  metadata: Record<string, unknown> = {},
) {
  const requests: { url: string; body: string }[] = [];
  const upstream = createUpstream({
    clock: systemClock,
    async fetch(url, { body }) {
      requests.push({ url, body: String(body ?? "") });
      const tenant = /microsoftonline\.com\/([^/]+)\//.exec(url)?.[1];
      if (url.includes("/.well-known/"))
        return Response.json({
          issuer: tenant === "common" ? `${authority}/{tenantid}/v2.0` : `${authority}/${tenant}/v2.0`,
          authorization_endpoint: `${authority}/${tenant}/oauth2/v2.0/authorize`,
          token_endpoint: `${authority}/${tenant}/oauth2/v2.0/token`,
          ...metadata,
        });
      if (answer instanceof Error) throw answer;
      return Response.json(
        answer.body ?? {
          token_type: "Bearer",
          access_token: "access",
          refresh_token: "refresh",
          expires_in: 3_599,
          id_token: toIdToken(claims),
        },
        { status: answer.status ?? 200 },
      );
    },
  });
  return { upstream, requests, tokenRequests: () => requests.filter(({ url }) => url.endsWith("/token")) };
}

const redeem = (upstream: ReturnType<typeof createUpstream>, query: string, issuer: Issuer = microsoft) =>
  upstream.redeem(issuer, checks, { redirectUri, query });

async function reasonOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof SignInError) return error.reason;
  throw new Error("it did not fail with a SignInError", { cause: error });
}

describe("The client at an issuer", () => {
  test("RFC 6749 section 4.1.1: the request has PKCE, a nonce, the state, query mode, and no scope of Microsoft Graph", async () => {
    const { upstream } = setUp();
    const request = { redirectUri, scopes: microsoft.scopes, address: "ann@outlook.com", prompt: undefined };
    const url = await upstream.toAuthorizationUrl(microsoft, checks, request);
    expect(`${url.origin}${url.pathname}`).toBe(`${authority}/common/oauth2/v2.0/authorize`);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: registration.clientId,
      response_type: "code",
      response_mode: "query",
      redirect_uri: redirectUri,
      scope: "openid email profile offline_access https://outlook.office.com/IMAP.AccessAsUser.All",
      state: checks.state,
      nonce: checks.nonce,
      code_challenge_method: "S256",
      login_hint: "ann@outlook.com",
    });
    expect(url.searchParams.get("code_challenge")).toHaveLength(43);
    expect(url.searchParams.has("prompt")).toBe(false);
  });

  test("Microsoft's metadata at `common` says {tenantid}: the ID token of any tenant is accepted", async () => {
    const { upstream, tokenRequests } = setUp();
    expect(await redeem(upstream, "?code=a&state=a+state")).toMatchObject({
      accessToken: "access",
      refreshToken: "refresh",
      scopes: undefined,
    });
    const [request] = tokenRequests();
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toMatchObject({
      grant_type: "authorization_code",
      code: "a",
      code_verifier: checks.verifier,
      redirect_uri: redirectUri,
    });
  });

  test("AADSTS7000012: a refresh token goes to the tenant that issued it, whatever the settings say now", async () => {
    const body = { token_type: "Bearer", access_token: "access", expires_in: 3_599 };
    const { upstream, tokenRequests } = setUp({ body });
    await upstream.refresh(microsoft, { refreshToken: "refresh", tenant: "contoso.example" });
    expect(tokenRequests().map(({ url }) => url)).toEqual([`${authority}/contoso.example/oauth2/v2.0/token`]);
  });

  test("RFC 9207 section 2.4: a response with another issuer's `iss`, or another state, never reaches the token endpoint", async () => {
    const { upstream, tokenRequests } = setUp();
    for (const query of [
      "?code=a&state=a+state&iss=https%3A%2F%2Fevil.example",
      "?code=a&state=another",
      "?code=a",
      "?state=a+state",
      "?code=a&code=b&state=a+state",
    ])
      expect(await reasonOf(redeem(upstream, query))).toBe("untrusted");
    const strict = setUp({}, { authorization_response_iss_parameter_supported: true });
    expect(await reasonOf(redeem(strict.upstream, "?code=a&state=a+state"))).toBe("untrusted");
    expect([...tokenRequests(), ...strict.tokenRequests()]).toEqual([]);
  });

  test("OpenID Connect Core section 3.1.3.7: an ID token with another nonce, audience or issuer is refused", async () => {
    for (const wrong of [{ nonce: "x" }, { aud: "x" }, { iss: "https://evil.example" }, { exp: 1 }]) {
      const body = { token_type: "Bearer", access_token: "a", id_token: toIdToken({ ...claims, ...wrong }) };
      expect(await reasonOf(redeem(setUp({ body }).upstream, "?code=a&state=a+state"))).toBe("untrusted");
    }
  });

  const failure = (error: string, description = "") =>
    `?state=a+state&error=${error}&error_description=${encodeURIComponent(description)}`;

  test.each([
    ["access_denied", "AADSTS65004: User declined to consent.", "consent_refused"],
    ["access_denied", "", "consent_refused"],
    ["access_denied", "AADSTS90094: The grant requires admin permission.", "admin_approval"],
    ["interaction_required", "AADSTS53003: Access has been blocked.", "conditional_access"],
    ["unauthorized_client", "AADSTS700016: Application not found.", "client_refused"],
    ["temporarily_unavailable", "", "issuer_down"],
    ["invalid_request", "", "untrusted"],
  ] as const)("RFC 6749 section 4.1.2.1: %s %s means %s", async (error, description, reason) => {
    const { upstream, tokenRequests } = setUp();
    expect(await reasonOf(redeem(upstream, failure(error, description)))).toBe(reason);
    expect(tokenRequests()).toEqual([]);
  });

  test.each([
    [400, { error: "invalid_grant", error_description: "AADSTS700082: expired" }, "ended"],
    [400, { error: "interaction_required", error_description: "AADSTS50076: MFA" }, "ended"],
    [400, { error: "invalid_grant", error_description: "AADSTS53003: blocked" }, "conditional_access"],
    [401, { error: "invalid_client", error_description: "AADSTS7000222: expired keys" }, "client_refused"],
    [503, { error: "temporarily_unavailable" }, "issuer_down"],
    [500, "not an OAuth error", "issuer_down"],
  ] as const)("RFC 6749 section 5.2: a renewal answered %s %j means %s", async (status, body, reason) => {
    const { upstream } = setUp({ status, body });
    expect(await reasonOf(upstream.refresh(microsoft, { refreshToken: "r", tenant: undefined }))).toBe(
      reason,
    );
  });

  test("An issuer that cannot be reached is down, and its metadata is asked for again", async () => {
    const { upstream } = setUp(new TypeError("fetch failed"));
    expect(await reasonOf(upstream.refresh(microsoft, { refreshToken: "r", tenant: undefined }))).toBe(
      "issuer_down",
    );
    let asked = 0;
    const down = createUpstream({
      clock: systemClock,
      async fetch() {
        asked += 1;
        throw new TypeError("fetch failed");
      },
    });
    for (let made = 1; made <= 2; made += 1) {
      expect(await reasonOf(down.refresh(microsoft, { refreshToken: "r", tenant: undefined }))).toBe(
        "issuer_down",
      );
      expect(asked).toBe(made);
    }
  });

  test("An administrator's approval comes with the link to Microsoft's page for it", () => {
    expect(new SignInError("admin_approval", microsoft).adminConsentUrl).toBe(
      "https://login.microsoftonline.com/common/adminconsent?client_id=our-client",
    );
    expect(new SignInError("admin_approval", exampleIssuer).adminConsentUrl).toBeUndefined();
  });
});
