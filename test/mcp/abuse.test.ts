import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createLimits } from "../../src/http/rate-limit.ts";
import { initializeMessage, type McpServerKit, openMcpServer } from "../support/mcp-server.ts";
import { callMessage, createTestTools } from "../support/mcp-tools.ts";

const ping = { jsonrpc: "2.0", id: 5, method: "ping" };

let mcp: McpServerKit;
beforeAll(async () => {
  const limits = createLimits({ clock: { now: () => 0 }, hash: (value) => value });
  mcp = await openMcpServer({
    tools: createTestTools().tools,
    tokens: { mine: "send", theirs: "send", flooding: "send" },
    limits,
  });
});
afterAll(() => mcp.close());

describe("N03: The Origin header", () => {
  test("N03: an unknown origin and null are 403 for every method, and a request without Origin is served", async () => {
    const session = await mcp.initialize("theirs");
    for (const method of ["POST", "GET", "DELETE"]) {
      for (const Origin of ["https://evil.example", "null"]) {
        const body = method === "POST" ? { body: ping } : {};
        const response = await mcp.request(method, {
          token: "theirs",
          session,
          headers: { Origin },
          ...body,
        });
        expect(response.status).toBe(403);
      }
    }
    expect((await mcp.request("POST", { token: "theirs", session, body: ping })).status).toBe(200);
  });

  test("N03: a Host that is not loopback is 403 on a loopback server (DNS rebinding)", async () => {
    for (const [Host, status] of [
      ["evil.example", 403],
      ["localhost.evil.example:3000", 403],
      ["localhost:3000", 200],
      ["127.0.0.1:3000", 200],
      ["[::1]:3000", 200],
    ] as const)
      expect((await mcp.request("POST", { headers: { Host }, body: ping })).status).toBe(status);
  });
});

describe("N07: Abuse", () => {
  test("N07: 10,000 initialize requests are limited with Retry-After", async () => {
    let opened = 0;
    let limited: Response | undefined;
    for (let count = 0; count < 10_000; count += 1) {
      const response = await mcp.request("POST", { token: "flooding", body: initializeMessage });
      if (response.status === 200) opened += 1;
      else {
        expect(response.status).toBe(429);
        limited = response;
      }
    }
    expect(opened).toBeLessThanOrEqual(300);
    expect(Number(limited?.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect((await mcp.request("GET", { token: "flooding" })).status).toBe(429);
    // Another grant is still served.
    expect((await mcp.request("POST", { token: "theirs", body: ping })).status).toBe(200);
  }, 30_000);

  test("N07: a batch of 10,000 messages is refused", async () => {
    const body = Array.from({ length: 10_000 }, (_, id) => ({ jsonrpc: "2.0", id, method: "ping" }));
    expect((await mcp.request("POST", { body })).status).toBe(400);
  });

  test("N07: JSON nested 10,000 deep is answered, as a message and as arguments", async () => {
    const deep = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
    expect((await mcp.request("POST", { body: deep })).status).toBe(400);
    const objects = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
    for (const nested of [deep, objects]) {
      const call = JSON.stringify(callMessage("echo", { text: "§" })).replace('"§"', nested);
      const response = await mcp.request("POST", { body: call });
      expect([200, 400]).toContain(response.status);
      expect(await response.text()).toMatch(/invalid_input|-32/);
      const meta = JSON.stringify({ ...ping, params: { _meta: "§" } }).replace('"§"', nested);
      expect([200, 400]).toContain((await mcp.request("POST", { body: meta })).status);
    }
  });

  test("N07: a body of 2 MB is 413", async () => {
    const body = JSON.stringify(callMessage("echo", { text: "x".repeat(2_000_000) }));
    expect((await mcp.request("POST", { body })).status).toBe(413);
  });

  test("N07: names of JavaScript object properties are unknown arguments and tools", async () => {
    const misnamed = (name: string) =>
      JSON.stringify(callMessage("echo", { text: "x" })).replace('"text"', JSON.stringify(name));
    // zod drops __proto__ before any code of ours sees it.
    const proto = await (await mcp.request("POST", { body: misnamed("__proto__") })).text();
    expect(proto).toContain('"structuredContent":{"text":"nothing"}');
    for (const name of ["constructor", "toString", "hasOwnProperty"]) {
      const call = misnamed(name);
      const text = await (await mcp.request("POST", { body: call })).text();
      expect(text).toContain("echo has no argument");
      const unknown = await mcp.request("POST", { body: callMessage(name) });
      expect(await unknown.json()).toMatchObject({ error: { code: -32602 } });
    }
  });

  test("N07: any JSON is answered, and never with an internal error", async () => {
    const quick = ["echo", "refuse", "do_write", "none", ""];
    const id = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.double(), fc.object());
    const params = fc.oneof(
      fc.object(),
      fc.record({
        name: fc.constantFrom(...quick),
        arguments: fc.oneof(fc.object(), fc.jsonValue()),
        _meta: fc.object(),
      }),
    );
    const methods = [
      "ping",
      "tools/list",
      "tools/call",
      "initialize",
      "notifications/cancelled",
      "server/discover",
      "x",
    ];
    const message = fc.record(
      { jsonrpc: fc.constantFrom("2.0", "1.0"), id, method: fc.constantFrom(...methods), params },
      { requiredKeys: ["jsonrpc", "method"] },
    );
    const body = fc.oneof(message, fc.array(message, { maxLength: 4 }), fc.jsonValue());
    const open = await openMcpServer({ tools: createTestTools().tools });
    await fc.assert(
      fc.asyncProperty(body, async (sent) => {
        const response = await open.request("POST", { body: JSON.stringify(sent) });
        const answer = await response.text();
        return response.status < 500 && !answer.includes("Something went wrong");
      }),
      { numRuns: 500 },
    );
    await open.close();
  }, 30_000);
});
