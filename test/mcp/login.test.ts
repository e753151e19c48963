/** The official client 2.x, given only the URL: discovery, registration, authorization and refresh. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { formFields, readForm, requireCode, submitForm } from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

const redirectUrl = "http://localhost:53683/callback";

/** An OAuth provider that keeps its state in memory, and the URL its browser was sent to. */
function createApplication(clientMetadataUrl: string | undefined) {
  const kept: {
    client?: StoredOAuthClientInformation;
    tokens?: StoredOAuthTokens;
    verifier: string;
    sentTo?: URL;
    discovery?: OAuthDiscoveryState;
  } = {
    verifier: "",
  };
  const provider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata: { client_name: "sdk", redirect_uris: [redirectUrl], token_endpoint_auth_method: "none" },
    clientMetadataUrl,
    state: () => "state",
    clientInformation: () => kept.client,
    saveClientInformation(client) {
      kept.client = client;
    },
    tokens: () => kept.tokens,
    saveTokens(tokens) {
      kept.tokens = tokens;
    },
    redirectToAuthorization(url) {
      kept.sentTo = url;
    },
    saveCodeVerifier(verifier) {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier,
    saveDiscoveryState(state) {
      kept.discovery = state;
    },
    discoveryState: () => kept.discovery,
  };
  return { provider, kept };
}

describeMail("The official client 2.x with its OAuth provider", () => {
  const clock = createTestClock();
  let product: TestProduct;
  let user: User;
  beforeAll(async () => {
    product = await startProduct({ clock });
    user = await (await mailServer()).newUser();
  });
  afterAll(() => product.stop());

  const newTransport = (authProvider: OAuthClientProvider) =>
    new StreamableHTTPClientTransport(new URL(`${product.url}/mcp`), { authProvider });
  const newClient = () => new Client({ name: "sdk", version: "2" }, { versionNegotiation: { mode: "auto" } });

  async function authorize(url: URL | undefined): Promise<URLSearchParams> {
    const page = await fetch(url ?? "");
    const form = readForm(await page.text());
    return requireCode(await submitForm(product, form, formFields(user, await mailServer())));
  }

  test.each([
    ["registers", undefined, /^reg_/],
    ["names its metadata document", "https://claude.ai/oauth/claude-code-client-metadata", /^https:/],
  ] as const)(
    "%s, connects, calls, and refreshes the token when it expires",
    async (_, metadata, clientId) => {
      const { provider, kept } = createApplication(metadata);
      const first = newTransport(provider);
      await expect(newClient().connect(first)).rejects.toThrow(UnauthorizedError);
      await first.finishAuth(await authorize(kept.sentTo));
      expect(kept.client?.client_id).toMatch(clientId);

      const client = newClient();
      await client.connect(newTransport(provider));
      const answer = await client.callTool({ name: "list_mailboxes", arguments: {} });
      expect(JSON.stringify(answer.structuredContent)).toContain("INBOX");

      const before = kept.tokens?.access_token;
      clock.advance(2_592_000_000);
      await client.close();
      const again = newClient();
      await again.connect(newTransport(provider));
      expect((await again.callTool({ name: "list_mailboxes", arguments: {} })).isError).not.toBe(true);
      expect(kept.tokens?.access_token).not.toBe(before);
      await again.close();
    },
  );
});
