import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createLimits } from "../../src/http/rate-limit.ts";
import { createCalls } from "../../src/mcp/calls.ts";
import { type McpServerKit, openMcpServer } from "../support/mcp-server.ts";
import { callMessage, createTestTools } from "../support/mcp-tools.ts";
import { eventually } from "../support/waiting.ts";

const someCall = { grantId: "grt_1", cancelKey: undefined, hintWhenStopped: undefined };
const forever = () => new Promise<never>(() => {});

describe("createCalls", () => {
  test("cancels a call whose caller is gone already", async () => {
    const call = { ...someCall, callerSignal: AbortSignal.abort() };
    await expect(createCalls().run(call, forever)).rejects.toMatchObject({ code: "cancelled" });
  });

  test("runs a clean-up at once when it is registered after the end of the call", async () => {
    const calls = createCalls({ deadlineMs: 1 });
    const call = { ...someCall, callerSignal: new AbortController().signal };
    let cleanedUp = false;
    let registerLate = () => {};
    const run = calls.run(call, (_signal, onEnd) => {
      registerLate = () => onEnd(() => (cleanedUp = true));
      return forever();
    });
    await expect(run).rejects.toMatchObject({ code: "timed_out" });
    registerLate();
    expect(cleanedUp).toBe(true);
  });
});

const bodyOf = async (response: Response): Promise<string> => JSON.stringify(await response.json());

describe("A call", () => {
  let mcp: McpServerKit;
  let url: string;
  let made: ReturnType<typeof createTestTools>;
  beforeEach(async () => {
    made = createTestTools();
    mcp = await openMcpServer({ tools: made.tools, callDeadlineMs: 300 });
    url = mcp.listen();
  });
  afterEach(() => mcp.close());

  function post(body: unknown, init: { session?: string; signal?: AbortSignal } = {}): Promise<Response> {
    return fetch(url, {
      method: "POST",
      headers: {
        Authorization: "Bearer mine",
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        ...(init.session && { "Mcp-Session-Id": init.session }),
      },
      body: JSON.stringify(body),
      signal: init.signal ?? null,
    });
  }

  test("ends at its deadline with timed_out, even when the tool ignores its signal", async () => {
    for (const message of [callMessage("wait", { ms: 20_000 }), callMessage("deaf")]) {
      const answer = await bodyOf(await post(message));
      expect(answer).toContain("This took longer than");
      expect(answer).toContain("timed_out");
      expect(answer).toContain('"isError":true');
    }
    expect(made.observed.aborted).toEqual(["timed_out"]);
    expect(mcp.calls.count()).toBe(0);
  });

  test("stopped while sending says that the email may have been sent, with the tool's error or without", async () => {
    const toolError = await bodyOf(await post(callMessage("send_slowly", { listens: true })));
    expect(toolError).toContain("maybe_sent");
    const stopped = await bodyOf(await post(callMessage("send_slowly", { listens: false })));
    expect(stopped).toContain("timed_out");
    expect(stopped).toContain("The email may have been sent. If it is in Sent");
  });

  test("that never ends frees its slot among the four of its grant at the deadline", async () => {
    await Promise.all([1, 2, 3, 4].map((id) => post(callMessage("deaf", {}, id))));
    expect(await bodyOf(await post(callMessage("echo", { text: "still here" })))).toContain("still here");
  });

  test("ends when its caller disconnects", async () => {
    const leaving = new AbortController();
    const answer = post(callMessage("wait", { ms: 20_000 }), { signal: leaving.signal });
    await eventually(() => made.observed.started === 1);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await eventually(() => made.observed.aborted.includes("cancelled"));
  });

  test("ends when its caller disconnects from a stream with progress", async () => {
    const leaving = new AbortController();
    const message = callMessage("wait", { ms: 20_000 }, 1, { progressToken: "p" });
    const response = await post(message, { signal: leaving.signal });
    expect(response.headers.get("Content-Type")).toStartWith("text/event-stream");
    expect(response.headers.get("X-Accel-Buffering")).toBe("no");
    leaving.abort();
    await eventually(() => made.observed.aborted.includes("cancelled"));
  });

  test("MCP 2025-11-25, Cancellation: ends when its own session cancels it, and not for another session", async () => {
    const [session, other] = [await mcp.initialize(), await mcp.initialize()];
    const answer = post(callMessage("wait", { ms: 20_000 }, "c1"), { session });
    await eventually(() => made.observed.started === 1);
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "c1" } };
    expect((await post(cancel, { session: other })).status).toBe(202);
    expect(made.observed.aborted).toEqual([]);
    expect((await post(cancel, { session })).status).toBe(202);
    expect(await bodyOf(await answer)).toContain("cancelled");
    expect(made.observed.aborted).toEqual(["cancelled"]);
  });

  test("ends when its grant ends", async () => {
    const answer = post(callMessage("wait", { ms: 20_000 }));
    await eventually(() => made.observed.started === 1);
    mcp.calls.closeGrant("grt_theirs");
    expect(made.observed.aborted).toEqual([]);
    mcp.calls.closeGrant("grt_mine");
    expect(await bodyOf(await answer)).toContain("permission_missing");
  });

  test("R05: is answered while the process stops, and a new call is 503 with Retry-After", async () => {
    const answer = post(callMessage("wait", { ms: 200 }));
    await eventually(() => made.observed.started === 1);
    const closed = mcp.calls.close(5_000);
    const refused = await post(callMessage("echo"));
    expect(refused.status).toBe(503);
    expect(refused.headers.get("Retry-After")).toBe("5");
    expect(await bodyOf(await answer)).toContain("Waited 200 ms.");
    await closed;
  });

  test("R05: is stopped with shutting_down after the grace period", async () => {
    const answer = post(callMessage("deaf"));
    await eventually(() => mcp.calls.count() === 1);
    await mcp.calls.close(20);
    expect(await bodyOf(await answer)).toContain("shutting_down");
  });

  test("N07: is answered while other calls with the same JSON-RPC id run", async () => {
    const session = await mcp.initialize();
    const answers = await Promise.all(
      [150, 100, 50].map(async (ms) => bodyOf(await post(callMessage("wait", { ms }, "same"), { session }))),
    );
    expect(answers.map((answer) => /Waited \d+ ms/.exec(answer)?.[0])).toEqual([
      "Waited 150 ms",
      "Waited 100 ms",
      "Waited 50 ms",
    ]);
  });

  test("MCP 2025-11-25, Progress: reports each step once to a caller with a progress token", async () => {
    const client = new Client({ name: "test", version: "1" });
    const requestInit = { headers: { Authorization: "Bearer mine" } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    const seen: unknown[] = [];
    const result = await client.callTool({ name: "wait", arguments: { ms: 50 } }, undefined, {
      onprogress: (progress) => seen.push(progress),
    });
    expect(result.structuredContent).toEqual({ waited: 50 });
    expect(seen).toEqual([
      { progress: 1, total: 2, message: "half" },
      { progress: 2, total: 2, message: "whole" },
    ]);
    await client.close();
  });
});

describe("The calls of a grant", () => {
  test("are queued beyond four at a time, and refused beyond their rate with the time to wait", async () => {
    const made = createTestTools();
    const limits = createLimits({
      clock: { now: () => 0 },
      hash: (value) => value,
      rates: { call: { burst: 12, everyMs: 1_000 } },
    });
    const mcp = await openMcpServer({ tools: made.tools, limits });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, id) =>
        bodyOf(await mcp.request("POST", { body: callMessage("wait", { ms: 20 }, id) })),
      ),
    );
    expect(answers.filter((answer) => answer.includes("Waited 20 ms"))).toHaveLength(12);
    expect(answers.filter((answer) => /rate_limited/.test(answer) && / 1 s\./.test(answer))).toHaveLength(8);
    const other = await mcp.request("POST", { token: "theirs", body: callMessage("echo") });
    expect(await bodyOf(other)).toContain("nothing");
    await mcp.close();
  });
});
