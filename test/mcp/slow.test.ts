import { afterAll, beforeAll, expect, test } from "bun:test";
import { type McpServerKit, openMcpServer } from "../support/mcp-server.ts";
import { callMessage, createTestTools } from "../support/mcp-tools.ts";
import { bestOf, p95Of } from "../support/own-time.ts";
import { eventually } from "../support/waiting.ts";

const slowConnections = 2_000;

let mcp: McpServerKit;
beforeAll(async () => {
  mcp = await openMcpServer({ tools: createTestTools().tools });
});
afterAll(() => mcp.close());

/** Opens connections of which half send a header and half a body, byte by byte, without end. */
async function openSlowly(port: number): Promise<{ drip(): void; close(): void }> {
  const request = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer mine\r\nX-Slow: ";
  let opened = 0;
  const socket = {
    open() {
      opened += 1;
    },
    data() {},
    close() {},
    error() {},
  };
  const sockets = await Promise.all(
    Array.from({ length: slowConnections }, () => Bun.connect({ hostname: "127.0.0.1", port, socket })),
  );
  await eventually(() => opened === slowConnections, { what: "all to be connected" });
  for (const [at, each] of sockets.entries())
    each.write(at % 2 === 0 ? request : `${request}no\r\nContent-Length: 1000000\r\n\r\n{`);
  return {
    drip() {
      for (const each of sockets) each.write("x");
    },
    close() {
      for (const each of sockets) each.end();
    },
  };
}

test("N09: while 2,000 connections send byte by byte, calls take less than 500 ms (p95)", async () => {
  const url = mcp.listen();
  const crowd = await openSlowly(Number(new URL(url).port));
  const call = async (index: number) => {
    if (index % 10 === 0) crowd.drip();
    const response = await fetch(url, {
      method: "POST",
      headers: { Authorization: "Bearer theirs", "Content-Type": "application/json" },
      body: JSON.stringify(callMessage("echo", { text: "hello" })),
    });
    expect(await response.text()).toContain("hello");
  };
  const p95 = await bestOf(500, () => p95Of(40, call));
  crowd.close();
  expect(p95).toBeLessThan(500);
}, 20_000);
