import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createLimits } from "../../src/http/rate-limit.ts";
import { createCalls } from "../../src/mcp/calls.ts";
import { type McpDoor, openMcpDoor } from "../support/mcp-door.ts";
import { callMessage, createTestTools } from "../support/mcp-tools.ts";
import { eventually } from "../support/waiting.ts";

const someCall = { grantId: "grt_1", cancelKey: undefined, hintWhenStopped: undefined };
const forever = () => new Promise<never>(() => {});

describe("the running calls", () => {
  test("take no work of a caller who is gone already", async () => {
    const call = { ...someCall, callerSignal: AbortSignal.abort() };
    await expect(createCalls().run(call, forever)).rejects.toMatchObject({ code: "cancelled" });
  });

  test("clean up what a deaf call takes after it is over", async () => {
    const calls = createCalls({ deadlineMs: 1 });
    const call = { ...someCall, callerSignal: new AbortController().signal };
    let cleanedUp = false;
    let takeMore = () => {};
    const run = calls.run(call, (_signal, onEnd) => {
      takeMore = () => onEnd(() => (cleanedUp = true));
      return forever();
    });
    await expect(run).rejects.toMatchObject({ code: "timed_out" });
    takeMore();
    expect(cleanedUp).toBe(true);
  });
});

const textOf = async (response: Response): Promise<string> => JSON.stringify(await response.json());

describe("a call", () => {
  let door: McpDoor;
  let url: string;
  let made: ReturnType<typeof createTestTools>;
  beforeEach(async () => {
    made = createTestTools();
    door = await openMcpDoor({ tools: made.tools, callDeadlineMs: 300 });
    url = door.listen();
  });
  afterEach(() => door.close());

  function post(body: unknown, init: { session?: string; signal?: AbortSignal } = {}): Promise<Response> {
    return fetch(url, {
      method: "POST",
      headers: {
        Authorization: "Bearer mine",
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        ...(init.session ? { "Mcp-Session-Id": init.session } : {}),
      },
      body: JSON.stringify(body),
      ...(init.signal ? { signal: init.signal } : {}),
    });
  }

  test("ends at its deadline with a clear error, also a tool that does not listen to its signal", async () => {
    for (const message of [callMessage("wait", { ms: 20_000 }), callMessage("deaf")]) {
      const answer = await textOf(await post(message));
      expect(answer).toContain("This took longer than");
      expect(answer).toContain("timed_out");
      expect(answer).toContain('"isError":true');
    }
    expect(made.observed.aborted).toEqual(["timed_out"]);
    expect(door.calls.count()).toBe(0);
  });

  test("that is cut off while it sends says that the email may have been sent, in its own words or in ours", async () => {
    const own = await textOf(await post(callMessage("send_slowly", { listens: true })));
    expect(own).toContain("maybe_sent");
    const ours = await textOf(await post(callMessage("send_slowly", { listens: false })));
    expect(ours).toContain("timed_out");
    expect(ours).toContain("The email may have been sent; look in Sent");
  });

  test("that never ends keeps no place among the four of its grant beyond its deadline", async () => {
    await Promise.all([1, 2, 3, 4].map((id) => post(callMessage("deaf", {}, id))));
    expect(await textOf(await post(callMessage("echo", { text: "still here" })))).toContain("still here");
  });

  test("ends when its caller goes away", async () => {
    const leaving = new AbortController();
    const answer = post(callMessage("wait", { ms: 20_000 }), { signal: leaving.signal });
    await eventually(() => made.observed.started === 1);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await eventually(() => made.observed.aborted.includes("cancelled"));
  });

  test("ends when its caller goes away from a stream with progress", async () => {
    const leaving = new AbortController();
    const message = callMessage("wait", { ms: 20_000 }, 1, { progressToken: "p" });
    const response = await post(message, { signal: leaving.signal });
    expect(response.headers.get("Content-Type")).toStartWith("text/event-stream");
    expect(response.headers.get("X-Accel-Buffering")).toBe("no");
    leaving.abort();
    await eventually(() => made.observed.aborted.includes("cancelled"));
  });

  test("ends when the session cancels it, and only then (MCP 2025-11-25, Cancellation)", async () => {
    const [session, other] = [await door.initialize(), await door.initialize()];
    const answer = post(callMessage("wait", { ms: 20_000 }, "c1"), { session });
    await eventually(() => made.observed.started === 1);
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "c1" } };
    expect((await post(cancel, { session: other })).status).toBe(202);
    expect(made.observed.aborted).toEqual([]);
    expect((await post(cancel, { session })).status).toBe(202);
    expect(await textOf(await answer)).toContain("cancelled");
    expect(made.observed.aborted).toEqual(["cancelled"]);
  });

  test("ends when its grant ends", async () => {
    const answer = post(callMessage("wait", { ms: 20_000 }));
    await eventually(() => made.observed.started === 1);
    door.calls.closeGrant("grt_theirs");
    expect(made.observed.aborted).toEqual([]);
    door.calls.closeGrant("grt_mine");
    expect(await textOf(await answer)).toContain("permission_missing");
  });

  test("R05: at the process's end a running call is answered and a new one is 503 with Retry-After", async () => {
    const answer = post(callMessage("wait", { ms: 200 }));
    await eventually(() => made.observed.started === 1);
    const closed = door.calls.close(5_000);
    const refused = await post(callMessage("echo"));
    expect(refused.status).toBe(503);
    expect(refused.headers.get("Retry-After")).toBe("5");
    expect(await textOf(await answer)).toContain("Waited 200 ms.");
    await closed;
  });

  test("R05: a call that outlasts the grace is ended with a clear error", async () => {
    const answer = post(callMessage("deaf"));
    await eventually(() => door.calls.count() === 1);
    await door.calls.close(20);
    expect(await textOf(await answer)).toContain("shutting_down");
  });

  test("N07: two calls in flight with one JSON-RPC id are both answered", async () => {
    const session = await door.initialize();
    const answers = await Promise.all(
      [150, 100, 50].map(async (ms) => textOf(await post(callMessage("wait", { ms }, "same"), { session }))),
    );
    expect(answers.map((answer) => /Waited \d+ ms/.exec(answer)?.[0])).toEqual([
      "Waited 150 ms",
      "Waited 100 ms",
      "Waited 50 ms",
    ]);
  });

  test("tells how far it is to who asked, each step once (MCP 2025-11-25, Progress)", async () => {
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

describe("a grant's calls", () => {
  test("wait in line beyond four at once, and beyond their rate are told when", async () => {
    const made = createTestTools();
    const limits = createLimits({
      clock: { now: () => 0 },
      hash: (value) => value,
      rates: { call: { burst: 12, everyMs: 1_000 } },
    });
    const door = await openMcpDoor({ tools: made.tools, limits });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, id) =>
        textOf(await door.request("POST", { body: callMessage("wait", { ms: 20 }, id) })),
      ),
    );
    expect(answers.filter((answer) => answer.includes("Waited 20 ms"))).toHaveLength(12);
    expect(answers.filter((answer) => /rate_limited/.test(answer) && / 1 s\./.test(answer))).toHaveLength(8);
    const other = await door.request("POST", { token: "theirs", body: callMessage("echo") });
    expect(await textOf(other)).toContain("nothing");
    await door.close();
  });
});
