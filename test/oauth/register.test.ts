import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { toDatabaseFile } from "../../src/db/open.ts";
import {
  beginAuthorization,
  type Entrance,
  formFields,
  redeemCode,
  redirectUri,
  requestToken,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

const clock = createTestClock();
let product: TestProduct;
beforeAll(async () => {
  product = await startProduct({ clock });
});
afterAll(() => product.stop());

function register(metadata: unknown, path = "/oauth/register"): Promise<Response> {
  return fetch(`${product.url}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: typeof metadata === "string" ? metadata : JSON.stringify(metadata),
  });
}

const loopback = "http://localhost:3118/callback";

/** Runs the authorization flow as a client other than the operator's. */
async function authorize(client: Entrance, redirect: string) {
  const authorization = await beginAuthorization(client, { redirect_uri: redirect });
  const kit = await mailServer();
  const answer = await requireCode(
    await submitForm(client, authorization, formFields(await kit.newUser(), kit)),
  );
  return { code: answer.get("code") ?? "", verifier: authorization.verifier };
}

describe("RFC 7591 section 3.2.1: registration", () => {
  test("registers a public client with the metadata of Claude Code", async () => {
    const response = await register({
      client_name: "Claude Code",
      redirect_uris: [loopback],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      scope: "email:read",
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({
      client_id: expect.stringMatching(/^reg_[\w-]+$/),
      client_id_issued_at: Math.floor(clock.now() / 1000),
      client_name: "Claude Code",
      redirect_uris: [loopback],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    });
  });

  test.each([undefined, "client_secret_basic", "client_secret_post", "private_key_jwt"])(
    "answers the authentication method %s with client_secret_post and a secret",
    async (method) => {
      const response = await register(
        { redirect_uris: [redirectUri], token_endpoint_auth_method: method },
        "/register",
      );
      expect(await response.json()).toMatchObject({
        token_endpoint_auth_method: "client_secret_post",
        client_secret: expect.stringMatching(/^[\w-]{43}$/),
        client_secret_expires_at: 0,
      });
    },
  );

  test.each([
    ["a redirect URI that is not on the list", { redirect_uris: ["https://evil.example/cb"] }],
    ["two such URIs", { redirect_uris: ["https://evil.example/cb", "http://localhost:1/other"] }],
    ["an empty list", { redirect_uris: [] }],
    ["a string instead of a list", { redirect_uris: redirectUri }],
    ["no redirect_uris", {}],
    ["11 redirect URIs", { redirect_uris: Array.from({ length: 11 }, () => redirectUri) }],
  ])("RFC 7591 section 3.2.2: %s is invalid_redirect_uri", async (_, metadata) => {
    const response = await register(metadata);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: "invalid_redirect_uri" });
  });

  test("keeps the accepted redirect URIs of several, and answers with them", async () => {
    const evil = "https://evil.example/cb";
    const response = await register({ redirect_uris: [evil, redirectUri, loopback] });
    expect(response.status).toBe(201);
    const { client_id, redirect_uris } = await response.json();
    expect(redirect_uris).toEqual([redirectUri, loopback]);
    await expect(
      beginAuthorization({ ...product, clientId: client_id }, { redirect_uri: evil }),
    ).rejects.toThrow("answered 400");
  });

  test.each(["", "{", "[]", "null", '"x"'])(
    "RFC 7591 section 3.2.2: the body %p is invalid_client_metadata",
    async (body) => {
      const response = await register(body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: "invalid_client_metadata" });
    },
  );

  test("A07: no page contains the client_name", async () => {
    const name = "<script>alert(1)</script>";
    const { client_id } = await (await register({ client_name: name, redirect_uris: [redirectUri] })).json();
    const { html } = await beginAuthorization({ ...product, clientId: client_id });
    expect(html).not.toContain("alert(1)");
  });
});

describe("Registered clients", () => {
  mailTest("RFC 8252 section 7.3: a public client gets a token without a secret, on any port", async () => {
    const registered = await register({
      redirect_uris: [loopback],
      token_endpoint_auth_method: "none",
    });
    const { client_id } = await registered.json();
    const client = { url: product.url, clientId: client_id, clientSecret: "" };
    const redirect = "http://localhost:51999/callback";
    const { code, verifier } = await authorize(client, redirect);
    const token = await requestToken(client, {
      grant_type: "authorization_code",
      code,
      code_verifier: verifier,
      redirect_uri: redirect,
    });
    expect(token.status).toBe(200);
    const { refresh_token } = await token.json();
    const refreshed = await requestToken(client, { grant_type: "refresh_token", refresh_token });
    expect(refreshed.status).toBe(200);
  });

  mailTest("RFC 6749 section 2.3: a confidential client must present its own secret", async () => {
    const { client_id, client_secret } = await (await register({ redirect_uris: [redirectUri] })).json();
    const client = { url: product.url, clientId: client_id, clientSecret: client_secret };
    const { code, verifier } = await authorize(client, redirectUri);
    for (const clientSecret of ["", "wrong", product.clientSecret]) {
      const refused = await requestToken(
        { ...client, clientSecret },
        { grant_type: "authorization_code", code },
      );
      expect(refused.status).toBe(401);
    }
    expect((await redeemCode(client, code, verifier)).accessToken).toMatch(/^[0-9a-f]{64}$/);
  });

  test("RFC 6749 section 3.1.2.3: a redirect URI that the client did not register is refused, also an accepted one", async () => {
    const { client_id } = await (await register({ redirect_uris: [redirectUri] })).json();
    const client = { ...product, clientId: client_id };
    for (const other of ["https://claude.com/api/mcp/auth_callback", loopback])
      await expect(beginAuthorization(client, { redirect_uri: other })).rejects.toThrow("answered 400");
  });

  test("RFC 8252 section 7.3: only the port of a loopback redirect URI may differ", async () => {
    const { client_id } = await (await register({ redirect_uris: [loopback] })).json();
    const client = { ...product, clientId: client_id };
    const authorization = await beginAuthorization(client, {
      redirect_uri: "http://localhost:50000/callback",
    });
    expect(authorization.fields.request).toBeString();
    for (const other of ["http://127.0.0.1:3118/callback", "http://[::1]:3118/callback"])
      await expect(beginAuthorization(client, { redirect_uri: other })).rejects.toThrow("answered 400");
  });

  test("a forged client id is an unknown client", async () => {
    const { client_id } = await (await register({ redirect_uris: [redirectUri] })).json();
    for (const forged of [`${client_id}A`, client_id.slice(0, -2), "reg_", `reg_${"A".repeat(200)}`])
      await expect(beginAuthorization({ ...product, clientId: forged })).rejects.toThrow("answered 401");
  });
});

describe("Built-in client ID metadata documents", () => {
  const claude = "https://claude.ai/oauth/mcp-oauth-client-metadata";
  const code = "https://claude.ai/oauth/claude-code-client-metadata";

  test.each([
    [claude, redirectUri, true],
    [claude, "https://claude.com/api/mcp/auth_callback", true],
    [claude, loopback, false],
    [claude, "http://localhost:6274/oauth/callback", false],
    [code, loopback, true],
    [code, "http://127.0.0.1:41000/callback", true],
    [code, redirectUri, false],
    ["https://claude.ai/oauth/other", redirectUri, false],
    [`${claude}/`, redirectUri, false],
    ["https://evil.example/oauth/mcp-oauth-client-metadata", redirectUri, false],
  ])("%s with %s: %p", async (clientId, redirect, accepted) => {
    const authorization = beginAuthorization({ ...product, clientId }, { redirect_uri: redirect });
    if (accepted) expect((await authorization).fields.request).toBeString();
    else await expect(authorization).rejects.toThrow(/answered 40[01]/);
  });

  mailTest("Claude Code gets a token without a registration and without a secret", async () => {
    const client = { url: product.url, clientId: code, clientSecret: "" };
    const authorized = await authorize(client, loopback);
    const token = await requestToken(client, {
      grant_type: "authorization_code",
      code: authorized.code,
      code_verifier: authorized.verifier,
      redirect_uri: loopback,
      resource: `${product.url}/mcp`,
    });
    expect(token.status).toBe(200);
  });
});

test("A16: 2,000 registrations are rate-limited and store nothing; 1 MB of metadata and 1,000 redirect URIs are refused", async () => {
  const rows = () => {
    const file = new Database(toDatabaseFile(product.dataDir), { readonly: true });
    const { n } = file.query<{ n: number }, []>("SELECT count(*) AS n FROM server_facts").get() ?? { n: -1 };
    const { page_count } = file.query<{ page_count: number }, []>("PRAGMA page_count").get() ?? {
      page_count: -1,
    };
    file.close();
    return { n, page_count };
  };
  const before = rows();
  const statuses = new Map<number, number>();
  for (let batch = 0; batch < 20; batch++) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => register({ redirect_uris: [redirectUri] })),
    );
    for (const answer of answers) {
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status === 429) expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
      await answer.text();
    }
  }
  expect([...statuses.keys()].sort()).toEqual([201, 429]);
  expect(statuses.get(201)).toBeLessThan(100);
  expect(rows()).toEqual(before);
  clock.advance(3_600_000);
  const large = await register({ redirect_uris: [redirectUri], client_name: "x".repeat(1_048_576) });
  expect(large.status).toBe(413);
  const many = await register({ redirect_uris: Array.from({ length: 1_000 }, () => redirectUri) });
  expect(many.status).toBe(413);
});
