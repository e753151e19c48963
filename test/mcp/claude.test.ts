/** The requests that Claude's clients send to /mcp, answered by the whole product with a real mailbox. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Tokens } from "../support/authorize.ts";
import { grantFor } from "../support/grant.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { initializeMessage } from "../support/mcp-server.ts";
import { callMessage } from "../support/mcp-tools.ts";
import { ownMsOf } from "../support/own-time.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

describeMail("POST /mcp from claude.ai", () => {
  let product: TestProduct;
  let tokens: Tokens;
  beforeAll(async () => {
    product = await startProduct();
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, "From: ann@example.org\r\nSubject: Old bridge\r\n\r\nOn Friday.\r\n");
    tokens = await grantFor(product, user);
  });
  afterAll(() => product.stop());

  /** A request as Anthropic's cloud sends it: without Origin, with its own user agent. */
  function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${product.url}/mcp`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${tokens.accessToken}`,
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        "User-Agent": "Claude-User",
        ...headers,
      },
      body: JSON.stringify(body),
    });
  }

  const list = { jsonrpc: "2.0", id: 2, method: "tools/list", params: {} };
  const initialized = { jsonrpc: "2.0", method: "notifications/initialized" };
  const recent = callMessage("get_recent_emails", {}, 3);

  test("without a token is 401 with the URL of the resource metadata", async () => {
    const probe = await fetch(`${product.url}/mcp`, {
      method: "POST",
      headers: { Accept: "*/*" },
      body: "{}",
    });
    expect(probe.status).toBe(401);
    const [, metadataUrl = ""] =
      /resource_metadata="([^"]+)"/.exec(probe.headers.get("WWW-Authenticate") ?? "") ?? [];
    const metadata = await (await fetch(metadataUrl)).json();
    expect(metadata).toMatchObject({ resource: `${product.url}/mcp`, authorization_servers: [product.url] });
    const get = await fetch(`${product.url}/mcp`, { headers: { Accept: "*/*" } });
    expect(get.status).toBe(401);
  });

  test("answers server/discover of MCP 2026-07-28, and refuses it otherwise, so that the client initializes", async () => {
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "claude-code", version: "2.1.0" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const discover = { jsonrpc: "2.0", id: 0, method: "server/discover", params: { _meta } };
    const answered = await post(discover, {
      "MCP-Protocol-Version": "2026-07-28",
      "Mcp-Method": "server/discover",
    });
    expect(answered.status).toBe(200);
    expect(await answered.json()).toMatchObject({ result: { supportedVersions: ["2026-07-28"] } });
    const refused = await post(discover);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ id: 0, error: { code: -32000 } });
    expect((await post(initializeMessage)).status).toBe(200);
  });

  test("serves a client that never sends a session id", async () => {
    expect((await post(initializeMessage)).status).toBe(200);
    expect((await post(initialized)).status).toBe(202);
    expect(await (await post(list)).text()).toContain('"get_recent_emails"');
    expect(await (await post(recent)).text()).toContain("Old bridge");
  });

  test("serves a client that initializes before every call", async () => {
    for (let round = 0; round < 5; round += 1) {
      const opened = await post({ ...initializeMessage, id: round });
      const session = opened.headers.get("Mcp-Session-Id") ?? "";
      expect((await post(initialized, { "Mcp-Session-Id": session })).status).toBe(202);
      const answer = await post(callMessage("list_mailboxes", {}, round), { "Mcp-Session-Id": session });
      expect(await answer.text()).toContain("INBOX");
    }
  });

  test("is 404 for a deleted session, and serves the following initialize", async () => {
    const stale = { "Mcp-Session-Id": "a".repeat(64) };
    expect((await post(list, stale)).status).toBe(404);
    const again = await post(initializeMessage, stale);
    const session = { "Mcp-Session-Id": again.headers.get("Mcp-Session-Id") ?? "" };
    expect((await post(list, session)).status).toBe(200);
  });

  test("accepts a charset in the content type and a repeated protocol version", async () => {
    const headers = {
      "Content-Type": "application/json; charset=utf-8",
      "MCP-Protocol-Version": "2025-11-25, 2025-11-25",
      Accept: "*/*",
    };
    expect(await (await post(recent, headers)).text()).toContain("Old bridge");
  });

  test("serves the same session after a restart of the server", async () => {
    const opened = await post(initializeMessage);
    const session = { "Mcp-Session-Id": opened.headers.get("Mcp-Session-Id") ?? "" };
    expect(await (await post(recent, session)).text()).toContain("Old bridge");
    await product.stop();
    product = await startProduct({
      settings: { DATA_DIR: product.dataDir, PORT: new URL(product.url).port },
    });
    expect(await (await post(recent, session)).text()).toContain("Old bridge");
    const stream = await fetch(`${product.url}/mcp`, {
      headers: { ...session, Authorization: `Bearer ${tokens.accessToken}` },
    });
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
  });

  test("ends the stream of a revoked grant within a second, and its token is 401 invalid_token", async () => {
    const opened = await post(initializeMessage);
    const session = opened.headers.get("Mcp-Session-Id") ?? "";
    const headers = { Authorization: `Bearer ${tokens.accessToken}`, "Mcp-Session-Id": session };
    const stream = await fetch(`${product.url}/mcp`, { headers });
    const reader = stream.body?.getReader();
    await reader?.read();
    const body = new URLSearchParams({
      token: tokens.accessToken,
      client_id: product.clientId,
      client_secret: product.clientSecret,
    });
    const ms = await ownMsOf(async () => {
      expect((await fetch(`${product.url}/oauth/revoke`, { method: "POST", body })).status).toBe(200);
      expect((await reader?.read())?.done).toBe(true);
    });
    expect(ms).toBeLessThan(1_000);
    const after = await post(list);
    expect(after.status).toBe(401);
    expect(after.headers.get("WWW-Authenticate")).toContain('error="invalid_token"');
  });
});
