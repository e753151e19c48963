import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { initializeMessage, type McpDoor, openMcpDoor } from "../support/mcp-door.ts";
import { createTestTools } from "../support/mcp-tools.ts";

const ping = { jsonrpc: "2.0", id: 5, method: "ping" };
const minute = 60_000;

let door: McpDoor;
beforeAll(async () => {
  door = await openMcpDoor({ tools: createTestTools().tools });
});
afterAll(() => door.close());

async function statusOf(session: string, token: string | null = "mine"): Promise<number> {
  return (await door.request("POST", { session, token, body: ping })).status;
}

describe("N01: a session id that is not this grant's live one", () => {
  test("N01: another grant's, a random, a deleted and a 31 minutes old id are 404 and -32001; no token is 401", async () => {
    const mine = await door.initialize("mine");
    const theirs = await door.initialize("theirs");
    expect(await statusOf(mine)).toBe(200);

    for (const session of [theirs, "f".repeat(64), "x", "a b"]) {
      const response = await door.request("POST", { session, body: ping });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ id: null, error: { code: -32001 } });
    }
    expect(await statusOf(mine, null)).toBe(401);

    expect((await door.request("DELETE", { session: mine })).status).toBe(200);
    expect(await statusOf(mine)).toBe(404);

    const old = await door.initialize();
    door.pass(31 * minute);
    expect(await statusOf(old)).toBe(404);
  });

  test("N01: the same on GET and DELETE", async () => {
    const theirs = await door.initialize("theirs");
    for (const method of ["GET", "DELETE"]) {
      expect((await door.request(method, { session: theirs })).status).toBe(404);
      expect((await door.request(method, { session: "0".repeat(64) })).status).toBe(404);
      expect((await door.request(method, { session: theirs, token: null })).status).toBe(401);
    }
    expect(await statusOf(theirs, "theirs")).toBe(200);
  });
});

describe("a session", () => {
  test("that is used every 20 minutes lives for hours, and is over after 30 minutes and a little without use", async () => {
    const session = await door.initialize();
    for (let use = 0; use < 9; use += 1) {
      door.pass(20 * minute);
      expect(await statusOf(session)).toBe(200);
    }
    door.pass(30 * minute);
    expect(await statusOf(session)).toBe(200);
    door.pass(30 * minute + 31_000);
    expect(await statusOf(session)).toBe(404);
  });

  test("is told apart by grant: deleting with another's token changes nothing", async () => {
    const session = await door.initialize("mine");
    expect((await door.request("DELETE", { session, token: "theirs" })).status).toBe(404);
    expect(await statusOf(session)).toBe(200);
  });

  test("without an id, DELETE is 400 and GET is 405 with Allow (MCP 2025-11-25, Transports)", async () => {
    expect((await door.request("DELETE")).status).toBe(400);
    const response = await door.request("GET");
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("POST, DELETE, OPTIONS");
  });

  test("after its end a client begins a new one by initialize with the old id", async () => {
    const session = await door.initialize();
    await door.request("DELETE", { session });
    const response = await door.request("POST", { session, body: initializeMessage });
    expect(response.status).toBe(200);
    expect(await statusOf(response.headers.get("Mcp-Session-Id") ?? "")).toBe(200);
  });

  test("is one of at most 100 that a grant keeps: the longest unused goes", async () => {
    const first = await door.initialize();
    const second = await door.initialize();
    door.pass(minute);
    expect(await statusOf(second)).toBe(200);
    for (let count = 0; count < 99; count += 1) await door.initialize();
    expect(await statusOf(first)).toBe(404);
    expect(await statusOf(second)).toBe(200);
  });
});
