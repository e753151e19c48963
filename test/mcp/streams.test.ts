import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createStreams } from "../../src/mcp/streams.ts";
import { type McpServerKit, openMcpServer } from "../support/mcp-server.ts";
import { createTestTools } from "../support/mcp-tools.ts";
import { bestOf, ownMsOf } from "../support/own-time.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually } from "../support/waiting.ts";

let mcp: McpServerKit;
let url: string;
beforeAll(async () => {
  mcp = await openMcpServer({ tools: createTestTools().tools });
  url = mcp.listen();
});
afterAll(() => mcp.close());

async function openStream(session: string, token = "mine", signal?: AbortSignal) {
  const headers = {
    Authorization: `Bearer ${token}`,
    "Mcp-Session-Id": session,
    Accept: "text/event-stream",
  };
  const response = await fetch(url, { headers, signal: signal ?? null });
  const reader = response.body?.getReader();
  if (!reader) throw new Error("no body");
  return { response, reader };
}

const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe("GET /mcp", () => {
  test("N08: sends headers and first bytes within a second", async () => {
    const session = await mcp.initialize();
    const open = async () => {
      const { response, reader } = await openStream(session);
      const { value } = await reader.read();
      expect(decode(value)).toBe(": open\n\n");
      expect(response.status).toBe(200);
      expect(response.headers.get("Content-Type")).toBe("text/event-stream");
      expect(response.headers.get("X-Accel-Buffering")).toBe("no");
      expect(response.headers.get("Cache-Control")).toContain("no-cache");
      await reader.cancel();
    };
    expect(await bestOf(1_000, () => ownMsOf(open))).toBeLessThan(1_000);
  });

  test("N08: is 400 for an unsupported protocol version", async () => {
    const session = await mcp.initialize();
    const headers = { "MCP-Protocol-Version": "1999-01-01" };
    expect((await mcp.request("GET", { session, headers })).status).toBe(400);
  });

  test("opens no stream for HEAD", async () => {
    const session = await mcp.initialize();
    const before = mcp.streams.count();
    expect((await mcp.request("HEAD", { session })).status).toBe(405);
    expect(mcp.streams.count()).toBe(before);
  });

  test("opens two streams of one session", async () => {
    const session = await mcp.initialize();
    const [one, two] = await Promise.all([openStream(session), openStream(session)]);
    expect([one.response.status, two.response.status]).toEqual([200, 200]);
    await Promise.all([one.reader.cancel(), two.reader.cancel()]);
  });

  test("ends the stream when its session is deleted, and leaves others open", async () => {
    const [session, other] = [await mcp.initialize(), await mcp.initialize()];
    const [ending, staying] = [await openStream(session), await openStream(other)];
    await Promise.all([ending.reader.read(), staying.reader.read()]);
    expect((await mcp.request("DELETE", { session })).status).toBe(200);
    expect((await ending.reader.read()).done).toBe(true);
    expect(mcp.streams.count()).toBeGreaterThan(0);
    await staying.reader.cancel();
  });

  test("ends the stream when its grant ends, and leaves others open", async () => {
    const [session, other] = [await mcp.initialize("mine"), await mcp.initialize("theirs")];
    const [ending, staying] = [await openStream(session), await openStream(other, "theirs")];
    await Promise.all([ending.reader.read(), staying.reader.read()]);
    const before = mcp.streams.count();
    mcp.streams.closeGrant("grt_mine");
    expect((await ending.reader.read()).done).toBe(true);
    expect(mcp.streams.count()).toBe(before - 1);
    mcp.streams.closeGrant("grt_theirs");
    expect((await staying.reader.read()).done).toBe(true);
  });

  test("removes the stream when the caller disconnects", async () => {
    const session = await mcp.initialize();
    const leaving = new AbortController();
    const { reader } = await openStream(session, "mine", leaving.signal);
    await reader.read();
    const before = mcp.streams.count();
    leaving.abort();
    await eventually(() => mcp.streams.count() < before, { what: "the stream to be removed" });
  });

  test("ends the oldest of 17 streams of a grant", async () => {
    const session = await mcp.initialize("theirs");
    const opened = [];
    for (let count = 0; count < 17; count += 1) opened.push(await openStream(session, "theirs"));
    const [oldest, next] = opened;
    if (!oldest || !next) throw new Error("none opened");
    await Promise.all([oldest.reader.read(), next.reader.read()]);
    expect((await oldest.reader.read()).done).toBe(true);
    expect(mcp.streams.count()).toBe(16);
    mcp.streams.close();
    expect((await next.reader.read()).done).toBe(true);
  });
});

test("a stream ends when its token expires, and keeps its session in use until then", async () => {
  const clock = createTestClock();
  let alive = 0;
  const { promise: second, resolve } = Promise.withResolvers<void>();
  const body = createStreams({ clock, keepAliveMs: 1 }).open({
    grantId: "grt_1",
    sessionHash: "s",
    expiresAt: clock.now() + 1_000,
    signal: new AbortController().signal,
    onKeepAlive() {
      alive += 1;
      if (alive === 2) resolve();
    },
  });
  const text = new Response(body).text();
  await second;
  clock.advance(1_000);
  expect(await text).toStartWith(": open\n\n: alive\n\n");
});
