import { afterAll, beforeAll, expect, test } from "bun:test";
import * as oauth from "oauth4webapi";
import { formFields, readForm, redirectUri, submitForm } from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

/** Allows plain http on the loopback interface: the only requirement of the library that the tests relax. */
const insecure = { [oauth.allowInsecureRequests]: true };

describeMail("The strict client oauth4webapi", () => {
  let product: TestProduct;
  let server: oauth.AuthorizationServer;
  beforeAll(async () => {
    product = await startProduct();
    const issuer = new URL(product.url);
    const response = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure });
    server = await oauth.processDiscoveryResponse(issuer, response);
  });
  afterAll(() => product.stop());

  /** Runs the authorization flow and validates the callback. */
  async function authorize(client: oauth.Client, redirect: string) {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint ?? "");
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: redirect,
      response_type: "code",
      scope: "email:read email:write",
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      resource: `${product.url}/mcp`,
      state,
    }).toString();
    const form = readForm(await (await fetch(url)).text());
    const kit = await mailServer();
    const response = await submitForm(product, form, formFields(await kit.newUser(), kit));
    const callback = new URL(response.headers.get("Location") ?? "");
    // RFC 9207: throws unless iss is there and is the issuer.
    return { parameters: oauth.validateAuthResponse(server, client, callback, state), verifier };
  }

  async function redeem(client: oauth.Client, auth: oauth.ClientAuth, redirect: string) {
    const { parameters, verifier } = await authorize(client, redirect);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      auth,
      parameters,
      redirect,
      verifier,
      { additionalParameters: { resource: `${product.url}/mcp` }, ...insecure },
    );
    return oauth.processAuthorizationCodeResponse(server, client, response);
  }

  const refresh = async (client: oauth.Client, auth: oauth.ClientAuth, token: string) =>
    oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, auth, token, insecure),
    );

  test("RFC 8414 section 3: discovers the server by its issuer", () => {
    expect(server.issuer).toBe(product.url);
    expect(server.code_challenge_methods_supported).toEqual(["S256"]);
  });

  test("RFC 9728 section 5.1: discovers the server by the 401 challenge of the resource", async () => {
    const resource = new URL(`${product.url}/mcp`);
    const response = await oauth
      .protectedResourceRequest("0".repeat(64), "POST", resource, undefined, undefined, insecure)
      .catch((error: unknown) => error);
    if (!(response instanceof oauth.WWWAuthenticateChallengeError)) throw new Error("no challenge came");
    const [challenge] = response.cause;
    expect(challenge?.scheme).toBe("bearer");
    expect(challenge?.parameters).toMatchObject({
      error: "invalid_token",
      resource_metadata: `${product.url}/.well-known/oauth-protected-resource/mcp`,
      scope: "email:read email:write",
    });
    const metadata = await oauth.processResourceDiscoveryResponse(
      resource,
      await oauth.resourceDiscoveryRequest(resource, insecure),
    );
    expect(metadata.authorization_servers).toEqual([product.url]);
  });

  test("RFC 6749 section 4.1, RFC 7636, RFC 9207, RFC 7009: redeems, refreshes and revokes as a confidential client", async () => {
    const client = { client_id: product.clientId };
    const auth = oauth.ClientSecretPost(product.clientSecret);
    const tokens = await redeem(client, auth, redirectUri);
    expect(tokens.token_type).toBe("bearer");
    expect(tokens.expires_in).toBe(2_592_000);
    expect(tokens.scope).toBe("email:read email:write");
    const next = await refresh(client, auth, tokens.refresh_token ?? "");
    expect(next.access_token).not.toBe(tokens.access_token);
    const revoked = await oauth.revocationRequest(server, client, auth, next.access_token, insecure);
    await oauth.processRevocationResponse(revoked);
    await expect(refresh(client, auth, next.refresh_token ?? "")).rejects.toThrow(oauth.ResponseBodyError);
  });

  test("RFC 6749 section 2.3.1: redeems a code with HTTP Basic", async () => {
    const client = { client_id: product.clientId };
    const auth = oauth.ClientSecretBasic(product.clientSecret);
    expect((await redeem(client, auth, redirectUri)).access_token).toHaveLength(64);
  });

  test("RFC 7591 section 3: registers, and redeems and refreshes as a public client", async () => {
    const redirect = "http://127.0.0.1:49152/callback";
    const response = await oauth.dynamicClientRegistrationRequest(
      server,
      { redirect_uris: [redirect], token_endpoint_auth_method: "none", client_name: "strict" },
      insecure,
    );
    const client = await oauth.processDynamicClientRegistrationResponse(response);
    const auth = oauth.None();
    const tokens = await redeem(client, auth, redirect);
    expect((await refresh(client, auth, tokens.refresh_token ?? "")).access_token).toHaveLength(64);
  });

  test("RFC 6749 section 4.1.2.1: reads an error of the authorization endpoint", async () => {
    const client = { client_id: product.clientId };
    const url = new URL(server.authorization_endpoint ?? "");
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: redirectUri,
      response_type: "code",
      state: "s",
    }).toString();
    const response = await fetch(url, { redirect: "manual" });
    const callback = new URL(response.headers.get("Location") ?? "");
    expect(() => oauth.validateAuthResponse(server, client, callback, "s")).toThrow(
      oauth.AuthorizationResponseError,
    );
  });
});
