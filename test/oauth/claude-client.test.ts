/** The requests of Claude's cloud to get a token, one by one, with and without metadata. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { formFields, readForm, redirectUri, submitForm } from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/** Close to the maximum length, with characters that need encoding. */
const state = `${"Ab1-_".repeat(799)}+/=%7E`;

describeMail("The authorization flow of claude.ai", () => {
  let product: TestProduct;
  beforeAll(async () => {
    product = await startProduct();
  });
  afterAll(() => product.stop());

  /** Sends a request with the headers of Anthropic's cloud: its own user agent and no Origin. */
  function send(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = { Accept: "*/*", "User-Agent": "Claude-User", ...Object(init.headers) };
    return fetch(url, { redirect: "manual", ...init, headers });
  }

  /** Posts a form with a charset in its media type. */
  const post = (url: string, fields: Readonly<Record<string, string>>) =>
    send(url, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: `${new URLSearchParams(fields)}`,
    });

  const toAuthorizationUrl = (endpoint: string, clientId: string) =>
    `${endpoint}?response_type=code&client_id=${encodeURIComponent(clientId)}` +
    `&redirect_uri=${encodeURIComponent(redirectUri)}&code_challenge=${challenge}&code_challenge_method=S256` +
    `&scope=email%3Aread+email%3Awrite&resource=${encodeURIComponent(`${product.url}/mcp`)}&state=${state}`;

  /** Opens the URL and submits the form, as the person does in a popup. Returns the code of the callback. */
  async function authorize(url: string): Promise<string> {
    const page = await fetch(url, {
      headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" },
    });
    expect(page.status).toBe(200);
    const kit = await mailServer();
    const form = readForm(await page.text());
    const response = await submitForm(product, form, formFields(await kit.newUser(), kit));
    const location = response.headers.get("Location") ?? "";
    expect(location).toStartWith(`${redirectUri}?code=`);
    expect(location).toContain(`&iss=${encodeURIComponent(product.url)}&`);
    expect(location).toEndWith(`&state=${state}`);
    return new URL(location).searchParams.get("code") ?? "";
  }

  const redeem = (endpoint: string, code: string, client: Readonly<Record<string, string>>) =>
    post(endpoint, {
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      resource: `${product.url}/mcp`,
      ...client,
    });

  async function expectAccepted(accessToken: string): Promise<void> {
    const response = await send(`${product.url}/mcp`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    });
    expect(response.status).toBe(200);
  }

  test("finds the server by the 401 challenge and both metadata documents, with the operator's client id and secret", async () => {
    const probe = await send(`${product.url}/mcp`, { method: "POST", body: "{}" });
    expect(probe.status).toBe(401);
    const [, resourceUrl = ""] =
      /resource_metadata="([^"]+)"/.exec(probe.headers.get("WWW-Authenticate") ?? "") ?? [];
    const resource = await (await send(resourceUrl)).json();
    const [issuer] = resource.authorization_servers;
    const server = await (await send(`${issuer}/.well-known/oauth-authorization-server`)).json();
    expect(server.issuer).toBe(issuer);

    const client = { client_id: product.clientId, client_secret: product.clientSecret };
    const code = await authorize(toAuthorizationUrl(server.authorization_endpoint, client.client_id));
    const response = await redeem(server.token_endpoint, code, client);
    expect(response.status).toBe(200);
    const tokens = await response.json();
    await expectAccepted(tokens.access_token);

    // Two of its machines refresh the token at the same moment.
    const refreshing = { grant_type: "refresh_token", refresh_token: tokens.refresh_token, ...client };
    const pairs = await Promise.all([1, 2].map(() => post(server.token_endpoint, refreshing)));
    for (const pair of pairs) {
      expect(pair.status).toBe(200);
      await expectAccepted((await pair.json()).access_token);
    }
  });

  test("without a client id, uses its client ID metadata document, because the metadata offers it and `none`", async () => {
    const server = await (await send(`${product.url}/.well-known/oauth-authorization-server`)).json();
    expect(server.client_id_metadata_document_supported).toBe(true);
    expect(server.token_endpoint_auth_methods_supported).toContain("none");
    const client = { client_id: "https://claude.ai/oauth/mcp-oauth-client-metadata" };
    const code = await authorize(toAuthorizationUrl(server.authorization_endpoint, client.client_id));
    const response = await redeem(server.token_endpoint, code, client);
    expect(response.status).toBe(200);
    await expectAccepted((await response.json()).access_token);
  });

  test("without metadata, uses /register, /authorize and /token at the root", async () => {
    const registered = await send(`${product.url}/register`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        client_name: "Claude",
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "client_secret_post",
      }),
    });
    expect(registered.status).toBe(201);
    const { client_id, client_secret } = await registered.json();
    const code = await authorize(toAuthorizationUrl(`${product.url}/authorize`, client_id));
    const response = await redeem(`${product.url}/token`, code, { client_id, client_secret });
    expect(response.status).toBe(200);
    await expectAccepted((await response.json()).access_token);
  });
});
