import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { toDatabaseFile } from "../../src/db/open.ts";
import { connectMailbox, requestToken } from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { bestOf, ownMsOf } from "../support/own-time.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

describeMail("A12: RFC 7009: token revocation", () => {
  let product: TestProduct;
  let user: User;
  beforeAll(async () => {
    product = await startProduct();
    user = await (await mailServer()).newUser();
  });
  afterAll(() => product.stop());

  function revoke(fields: Readonly<Record<string, string>>, path = "/oauth/revoke"): Promise<Response> {
    return fetch(`${product.url}${path}`, { method: "POST", body: new URLSearchParams(fields) });
  }

  async function expectRevoked(response: Response): Promise<void> {
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ revoked: true });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  }

  const statusOf = async (accessToken: string) => {
    const response = await fetch(`${product.url}/mcp`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
    });
    await response.text();
    return response.status;
  };

  /** Counts the rows of the tables that reference grants. */
  function countRows(): Record<string, number> {
    const file = new Database(toDatabaseFile(product.dataDir), { readonly: true });
    try {
      const count = (table: string) =>
        file.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1;
      const tables = [
        "grants",
        "accounts",
        "tokens",
        "sessions",
        "authorization_codes",
        "operations",
        "sends",
      ];
      return Object.fromEntries(tables.map((table) => [table, count(table)]));
    } finally {
      file.close();
    }
  }

  test("section 2.1: revoking an access token deletes its grant, credentials, tokens and sessions", async () => {
    const before = countRows();
    const { accessToken, refreshToken } = await connectMailbox(product, user);
    const client = await openClient(product, accessToken);
    await client.call("list_mailboxes");
    await client.close();
    expect(countRows().accounts).toBe((before.accounts ?? 0) + 1);
    await expectRevoked(await revoke({ token: accessToken, token_type_hint: "access_token" }));
    expect(countRows()).toEqual(before);
    expect(await statusOf(accessToken)).toBe(401);
    const refreshed = await requestToken(product, {
      grant_type: "refresh_token",
      refresh_token: refreshToken,
    });
    expect(await refreshed.json()).toMatchObject({ error: "invalid_grant" });
  });

  test("section 2.1: revoking a refresh token at /revoke, with the client secret, revokes the access token, too", async () => {
    const { accessToken, refreshToken } = await connectMailbox(product, user);
    const { clientId, clientSecret } = product;
    const named = { token: refreshToken, client_id: clientId, client_secret: clientSecret };
    await expectRevoked(await revoke(named, "/revoke"));
    expect(await statusOf(accessToken)).toBe(401);
  });

  test("section 2.2: an unknown token and a revoked one get the same answer", async () => {
    const { accessToken } = await connectMailbox(product, user);
    for (const token of [accessToken, accessToken, "0".repeat(64), "unknown"])
      await expectRevoked(await revoke({ token }));
  });

  test("section 2.1: another client cannot revoke a token; a wrong secret and an unknown client are refused", async () => {
    const { accessToken } = await connectMailbox(product, user);
    const other = "https://claude.ai/oauth/mcp-oauth-client-metadata";
    await expectRevoked(await revoke({ token: accessToken, client_id: other }));
    const wrong = { token: accessToken, client_id: product.clientId, client_secret: "wrong" };
    expect((await revoke(wrong)).status).toBe(401);
    expect((await revoke({ token: accessToken, client_id: "nobody" })).status).toBe(401);
    expect(await statusOf(accessToken)).toBe(200);
  });

  test("a token can be revoked without the client secret, and without the client id", async () => {
    const names: Record<string, string>[] = [{ client_id: product.clientId }, {}];
    for (const named of names) {
      const { accessToken } = await connectMailbox(product, user);
      await expectRevoked(await revoke({ token: accessToken, ...named }));
      expect(await statusOf(accessToken)).toBe(401);
    }
  });

  test("section 2.1: a request without a token, and one that is not a form, are invalid_request", async () => {
    const missing = await revoke({ token_type_hint: "access_token" });
    expect(missing.status).toBe(400);
    expect(await missing.json()).toMatchObject({ error: "invalid_request" });
    const json = await fetch(`${product.url}/oauth/revoke`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: "x" }),
    });
    expect(json.status).toBe(400);
  });

  test("an open event stream is closed within a second", async () => {
    const end = async () => {
      const { accessToken } = await connectMailbox(product, user);
      const client = await openClient(product, accessToken);
      const { sessionId = "" } = client.transport;
      const stream = await fetch(`${product.url}/mcp`, {
        headers: {
          Authorization: `Bearer ${accessToken}`,
          Accept: "text/event-stream",
          "Mcp-Session-Id": sessionId,
        },
      });
      expect(stream.status).toBe(200);
      let ended = "";
      const ms = await ownMsOf(async () => {
        [ended] = await Promise.all([stream.text(), revoke({ token: accessToken })]);
      });
      expect(ended).toStartWith(":");
      await client.close();
      return ms;
    };
    expect(await bestOf(1_000, end)).toBeLessThan(1_000);
  });
});
