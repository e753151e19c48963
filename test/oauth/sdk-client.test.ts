import { afterAll, beforeAll, expect, test } from "bun:test";
import type { OAuthClientProvider } from "@modelcontextprotocol/sdk/client/auth.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { OAuthClientInformationMixed, OAuthTokens } from "@modelcontextprotocol/sdk/shared/auth.js";
import { formFields, readForm, requireCode, submitForm } from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

/** Creates the in-memory state of an application; `sentTo` is the URL to which the SDK sent the browser. */
function createProvider(known?: OAuthClientInformationMixed) {
  let client = known;
  let tokens: OAuthTokens | undefined;
  let verifier = "";
  let sentTo: URL | undefined;
  const provider: OAuthClientProvider = {
    redirectUrl: "http://localhost:53682/callback",
    clientMetadata: {
      client_name: "sdk",
      redirect_uris: ["http://localhost:53682/callback"],
      token_endpoint_auth_method: "none",
    },
    state: () => "sdk-state",
    clientInformation: () => client,
    saveClientInformation(information) {
      client = information;
    },
    tokens: () => tokens,
    saveTokens(saved) {
      tokens = saved;
    },
    redirectToAuthorization(url) {
      sentTo = url;
    },
    saveCodeVerifier(saved) {
      verifier = saved;
    },
    codeVerifier: () => verifier,
  };
  return { provider, sentTo: () => sentTo, tokens: () => tokens, client: () => client };
}

describeMail("The official SDK client 1.x with its OAuth provider", () => {
  const clock = createTestClock();
  let product: TestProduct;
  let user: User;
  beforeAll(async () => {
    product = await startProduct({ clock });
    user = await (await mailServer()).newUser();
  });
  afterAll(() => product.stop());

  const newTransport = (provider: OAuthClientProvider) =>
    new StreamableHTTPClientTransport(new URL(`${product.url}/mcp`), { authProvider: provider });
  const newClient = () => new Client({ name: "sdk", version: "1.0.0" });

  /** Opens the URL and submits the form, as the person does. Returns the code. */
  async function authorize(url: URL | undefined): Promise<string> {
    expect(url?.searchParams.get("resource")).toBe(`${product.url}/mcp`);
    const page = await fetch(url ?? "");
    const answer = await submitForm(
      product,
      readForm(await page.text()),
      formFields(user, await mailServer()),
    );
    return (await requireCode(answer)).get("code") ?? "";
  }

  async function connect(known?: OAuthClientInformationMixed) {
    const application = createProvider(known);
    const first = newTransport(application.provider);
    await expect(newClient().connect(first)).rejects.toThrow(UnauthorizedError);
    await first.finishAuth(await authorize(application.sentTo()));
    const transport = newTransport(application.provider);
    const client = newClient();
    await client.connect(transport);
    return { application, transport, client };
  }

  test("discovers the server, registers, connects, and refreshes an expired token", async () => {
    const { application, transport, client } = await connect();
    expect(application.client()?.client_id).toStartWith("reg_");
    const before = application.tokens();
    const { sessionId } = transport;
    expect(sessionId).toBeString();
    expect((await client.callTool({ name: "list_mailboxes", arguments: {} })).isError).not.toBe(true);

    // The access token expires; the refresh token does not.
    clock.advance(2_592_000_000);
    await client.close();
    const again = newClient();
    await again.connect(newTransport(application.provider));
    expect((await again.callTool({ name: "list_mailboxes", arguments: {} })).isError).not.toBe(true);
    expect(application.tokens()?.access_token).not.toBe(before?.access_token);
    expect(application.tokens()?.refresh_token).not.toBe(before?.refresh_token);
    await again.close();
  });

  test("connects with the operator's client id and secret", async () => {
    const { client } = await connect({
      client_id: product.clientId,
      client_secret: product.clientSecret,
    });
    expect((await client.listTools()).tools.length).toBeGreaterThan(0);
    await client.close();
  });

  test("a session continues with the token from a refresh", async () => {
    const { application, transport, client } = await connect();
    const { sessionId = "" } = transport;
    const refreshed = await fetch(`${product.url}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: application.tokens()?.refresh_token ?? "",
        client_id: application.client()?.client_id ?? "",
      }),
    });
    const { access_token } = await refreshed.json();
    const call = await fetch(`${product.url}/mcp`, {
      method: "POST",
      headers: { Authorization: `Bearer ${access_token}`, "Mcp-Session-Id": sessionId },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
    });
    expect(call.status).toBe(200);
    await client.close();
  });
});
