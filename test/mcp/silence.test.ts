import { afterAll, beforeAll, expect, test } from "bun:test";
import { type McpServerKit, openMcpServer } from "../support/mcp-server.ts";
import { callMessage, createTestTools } from "../support/mcp-tools.ts";
import { pause } from "../support/waiting.ts";

let mcp: McpServerKit;
let url: string;
beforeAll(async () => {
  mcp = await openMcpServer({ tools: createTestTools().tools, idleSeconds: 1, keepAliveMs: 7_000 });
  mcp.app.get("/silent", async (c) => {
    await pause(8_000);
    return c.text("too late");
  });
  url = mcp.listen();
});
afterAll(() => mcp.close());

/** The body of the response, or "cut off" when the connection was closed. */
async function answerOf(request: Promise<Response>): Promise<string> {
  return request.then((response) => response.text()).catch(() => "cut off");
}

test("a slow call is answered and a silent stream stays open, although Bun closes silent connections", async () => {
  const session = await mcp.initialize();
  const headers = { Authorization: "Bearer mine", "Mcp-Session-Id": session };
  const stream = await fetch(url, { headers });
  const reader = stream.body?.getReader();
  const next = async () => new TextDecoder().decode((await reader?.read())?.value);
  expect(await next()).toBe(": open\n\n");
  mcp.pass(29 * 60_000);

  const [control, call, alive] = await Promise.all([
    answerOf(fetch(url.replace("/mcp", "/silent"))),
    answerOf(
      fetch(url, {
        method: "POST",
        headers: { ...headers, "Content-Type": "application/json" },
        body: JSON.stringify(callMessage("wait", { ms: 8_000 })),
      }),
    ),
    next(),
  ]);
  expect(control).toBe("cut off");
  expect(call).toContain("Waited 8000 ms.");
  expect(alive).toBe(": alive\n\n");

  // A keep-alive comment counts as a use of the session.
  mcp.pass(29 * 60_000);
  const ping = await mcp.request("POST", { session, body: { jsonrpc: "2.0", id: 1, method: "ping" } });
  expect(ping.status).toBe(200);
  await reader?.cancel();
}, 20_000);
