import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { initializeMessage, type McpServerKit, openMcpServer } from "../support/mcp-server.ts";
import { createTestTools } from "../support/mcp-tools.ts";

const ping = { jsonrpc: "2.0", id: 5, method: "ping" };
const minute = 60_000;

let mcp: McpServerKit;
beforeAll(async () => {
  mcp = await openMcpServer({ tools: createTestTools().tools });
});
afterAll(() => mcp.close());

async function statusOf(session: string, token: string | null = "mine"): Promise<number> {
  return (await mcp.request("POST", { session, token, body: ping })).status;
}

describe("N01: An invalid session id", () => {
  test("N01: of another grant, unknown, deleted or 31 minutes old is 404 and -32001; without a token it is 401", async () => {
    const mine = await mcp.initialize("mine");
    const theirs = await mcp.initialize("theirs");
    expect(await statusOf(mine)).toBe(200);

    for (const session of [theirs, "f".repeat(64), "x", "a b"]) {
      const response = await mcp.request("POST", { session, body: ping });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ id: null, error: { code: -32001 } });
    }
    expect(await statusOf(mine, null)).toBe(401);

    expect((await mcp.request("DELETE", { session: mine })).status).toBe(200);
    expect(await statusOf(mine)).toBe(404);

    const old = await mcp.initialize();
    mcp.pass(31 * minute);
    expect(await statusOf(old)).toBe(404);
  });

  test("N01: is refused in the same way by GET and DELETE", async () => {
    const theirs = await mcp.initialize("theirs");
    for (const method of ["GET", "DELETE"]) {
      expect((await mcp.request(method, { session: theirs })).status).toBe(404);
      expect((await mcp.request(method, { session: "0".repeat(64) })).status).toBe(404);
      expect((await mcp.request(method, { session: theirs, token: null })).status).toBe(401);
    }
    expect(await statusOf(theirs, "theirs")).toBe(200);
  });
});

describe("A session", () => {
  test("lasts while it is used every 20 minutes, and expires after 30 minutes and 30 seconds without use", async () => {
    const session = await mcp.initialize();
    for (let use = 0; use < 9; use += 1) {
      mcp.pass(20 * minute);
      expect(await statusOf(session)).toBe(200);
    }
    mcp.pass(30 * minute);
    expect(await statusOf(session)).toBe(200);
    mcp.pass(30 * minute + 31_000);
    expect(await statusOf(session)).toBe(404);
  });

  test("cannot be deleted with the token of another grant", async () => {
    const session = await mcp.initialize("mine");
    expect((await mcp.request("DELETE", { session, token: "theirs" })).status).toBe(404);
    expect(await statusOf(session)).toBe(200);
  });

  test("MCP 2025-11-25, Transports: without an id, DELETE is 400 and GET is 405 with Allow", async () => {
    expect((await mcp.request("DELETE")).status).toBe(400);
    const response = await mcp.request("GET");
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("POST, DELETE, OPTIONS");
  });

  test("can be replaced after its end by an initialize request with the old id", async () => {
    const session = await mcp.initialize();
    await mcp.request("DELETE", { session });
    const response = await mcp.request("POST", { session, body: initializeMessage });
    expect(response.status).toBe(200);
    expect(await statusOf(response.headers.get("Mcp-Session-Id") ?? "")).toBe(200);
  });

  test("is one of at most 100 of a grant: opening one more deletes the least recently used", async () => {
    const first = await mcp.initialize();
    const second = await mcp.initialize();
    mcp.pass(minute);
    expect(await statusOf(second)).toBe(200);
    for (let count = 0; count < 99; count += 1) await mcp.initialize();
    expect(await statusOf(first)).toBe(404);
    expect(await statusOf(second)).toBe(200);
  });
});
