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

/** The whole way as another client than the operator's. */
async function walk(client: Entrance, redirect: string) {
  const begun = await beginAuthorization(client, { redirect_uri: redirect });
  const kit = await mailServer();
  const answer = await requireCode(await submitForm(client, begun, formFields(await kit.newUser(), kit)));
  return { code: answer.get("code") ?? "", verifier: begun.verifier };
}

describe("RFC 7591 section 3.2.1: registering", () => {
  test("a public client as Claude Code asks for it", async () => {
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
    "who asks for %s is answered with client_secret_post and a secret",
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
    ["an address that is not on the list", { redirect_uris: ["https://evil.example/cb"] }],
    ["one such address among good ones", { redirect_uris: [redirectUri, "https://evil.example/cb"] }],
    ["no addresses", { redirect_uris: [] }],
    ["addresses that are no list", { redirect_uris: redirectUri }],
    ["none at all", {}],
    ["11 addresses", { redirect_uris: Array.from({ length: 11 }, () => redirectUri) }],
  ])("section 3.2.2: %s: invalid_redirect_uri", async (_, metadata) => {
    const response = await register(metadata);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: "invalid_redirect_uri" });
  });

  test.each(["", "{", "[]", "null", '"x"'])(
    "section 3.2.2: the body %p: invalid_client_metadata",
    async (body) => {
      const response = await register(body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: "invalid_client_metadata" });
    },
  );

  test("A07: a client_name with HTML reaches no page", async () => {
    const name = "<script>alert(1)</script>";
    const { client_id } = await (await register({ client_name: name, redirect_uris: [redirectUri] })).json();
    const { html } = await beginAuthorization({ ...product, clientId: client_id });
    expect(html).not.toContain("alert(1)");
  });
});

describe("What a registered client may do", () => {
  mailTest(
    "a public one gets a token without a secret, on whatever port (RFC 8252 section 7.3)",
    async () => {
      const registered = await register({
        redirect_uris: [loopback],
        token_endpoint_auth_method: "none",
      });
      const { client_id } = await registered.json();
      const client = { url: product.url, clientId: client_id, clientSecret: "" };
      const redirect = "http://localhost:51999/callback";
      const { code, verifier } = await walk(client, redirect);
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
    },
  );

  mailTest("a confidential one must present its own secret", async () => {
    const { client_id, client_secret } = await (await register({ redirect_uris: [redirectUri] })).json();
    const client = { url: product.url, clientId: client_id, clientSecret: client_secret };
    const { code, verifier } = await walk(client, redirectUri);
    for (const clientSecret of ["", "wrong", product.clientSecret]) {
      const refused = await requestToken(
        { ...client, clientSecret },
        { grant_type: "authorization_code", code },
      );
      expect(refused.status).toBe(401);
    }
    expect((await redeemCode(client, code, verifier)).accessToken).toMatch(/^[0-9a-f]{64}$/);
  });

  test("redirects other than its own are refused, also those that others may use", async () => {
    const { client_id } = await (await register({ redirect_uris: [redirectUri] })).json();
    const client = { ...product, clientId: client_id };
    for (const other of ["https://claude.com/api/mcp/auth_callback", loopback])
      await expect(beginAuthorization(client, { redirect_uri: other })).rejects.toThrow("answered 400");
  });

  test("RFC 8252 section 7.3: of a loopback redirect the port is free, and nothing else", async () => {
    const { client_id } = await (await register({ redirect_uris: [loopback] })).json();
    const client = { ...product, clientId: client_id };
    const begun = await beginAuthorization(client, { redirect_uri: "http://localhost:50000/callback" });
    expect(begun.fields.request).toBeString();
    for (const other of ["http://127.0.0.1:3118/callback", "http://[::1]:3118/callback"])
      await expect(beginAuthorization(client, { redirect_uri: other })).rejects.toThrow("answered 400");
  });

  test("a forged or foreign registration is an unknown client", async () => {
    const { client_id } = await (await register({ redirect_uris: [redirectUri] })).json();
    for (const forged of [`${client_id}A`, client_id.slice(0, -2), "reg_", `reg_${"A".repeat(200)}`])
      await expect(beginAuthorization({ ...product, clientId: forged })).rejects.toThrow("answered 401");
  });
});

describe("Client id metadata documents, known by heart", () => {
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
    const asked = beginAuthorization({ ...product, clientId }, { redirect_uri: redirect });
    if (accepted) expect((await asked).fields.request).toBeString();
    else await expect(asked).rejects.toThrow(/answered 40[01]/);
  });

  mailTest("Claude Code without any setting gets a token without a secret", async () => {
    const client = { url: product.url, clientId: code, clientSecret: "" };
    const walked = await walk(client, loopback);
    const token = await requestToken(client, {
      grant_type: "authorization_code",
      code: walked.code,
      code_verifier: walked.verifier,
      redirect_uri: loopback,
      resource: `${product.url}/mcp`,
    });
    expect(token.status).toBe(200);
  });
});

test("A16: 2,000 registrations are limited, 1 MB of metadata and 1,000 redirects are refused, nothing is stored", async () => {
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
