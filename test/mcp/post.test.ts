import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { initializeMessage, type McpServerKit, openMcpServer } from "../support/mcp-server.ts";
import { callMessage, createTestTools } from "../support/mcp-tools.ts";

const ping = { jsonrpc: "2.0", id: 5, method: "ping" };
const failure = z.object({ jsonrpc: z.literal("2.0"), id: z.unknown(), error: z.object({ code: z.int() }) });
const listing = z.object({ result: z.object({ tools: z.array(z.looseObject({ name: z.string() })) }) });
const called = z.object({
  result: z.object({
    isError: z.boolean().optional(),
    content: z.tuple([z.object({ type: z.literal("text"), text: z.string() })]),
    structuredContent: z.unknown().optional(),
  }),
});

let mcp: McpServerKit;
beforeAll(async () => {
  mcp = await openMcpServer({
    tools: createTestTools().tools,
    tokens: { mine: "send", theirs: "send", reader: "read", organiser: "organise" },
  });
});
afterAll(() => mcp.close());

async function codeOf(response: Response): Promise<number> {
  return failure.parse(await response.json()).error.code;
}

describe("POST /mcp, in the order of its checks", () => {
  test("refuses an unknown Origin before it checks the token", async () => {
    for (const origin of ["https://evil.example", "null", "https://claude.ai.evil.example", ""]) {
      const response = await mcp.request("POST", { token: null, headers: { Origin: origin }, body: ping });
      expect(response.status).toBe(403);
    }
  });

  test("accepts an absent Origin and every known one", async () => {
    expect((await mcp.request("POST", { body: ping })).status).toBe(200);
    for (const origin of ["https://claude.ai", "https://claude.com", "https://connectmyemail.com"]) {
      const response = await mcp.request("POST", { headers: { Origin: origin }, body: ping });
      expect(response.status).toBe(200);
      expect(response.headers.get("Access-Control-Allow-Origin")).toBe(origin);
    }
  });

  test("is 401 without a bearer token, even with a body that is too large or no JSON", async () => {
    for (const body of [ping, "{", "x".repeat(2_000_000)])
      expect((await mcp.request("POST", { token: null, body })).status).toBe(401);
  });

  test("is 413 for a body over 1 MB, with Content-Length or chunked", async () => {
    const large = JSON.stringify({ ...ping, params: { text: "x".repeat(1_100_000) } });
    expect((await mcp.request("POST", { body: large })).status).toBe(413);
    const chunked = new Request("http://localhost/mcp", {
      method: "POST",
      headers: { Authorization: "Bearer mine", "Content-Type": "application/json" },
      body: new Blob([large]).stream(),
    });
    expect((await mcp.app.request(chunked)).status).toBe(413);
  });

  test("JSON-RPC 2.0 section 5.1: is 400 and -32700 for a body that is not JSON", async () => {
    for (const body of ["", "{", "nonsense", '{"jsonrpc":']) {
      const response = await mcp.request("POST", { body });
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe(-32700);
    }
  });

  test("JSON-RPC 2.0 section 5.1: is 400 and -32600 for JSON that is no JSON-RPC message", async () => {
    for (const body of ["[]", "1", "null", '{"jsonrpc":"1.0","id":1,"method":"ping"}', '{"id":1}']) {
      const response = await mcp.request("POST", { body });
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe(-32600);
    }
  });

  test("accepts a missing Accept header, */*, and JSON alone", async () => {
    for (const accept of ["*/*", "application/json", "application/json, text/event-stream", ""]) {
      const response = await mcp.request("POST", { headers: { Accept: accept }, body: ping });
      expect(response.status).toBe(200);
      expect(response.headers.get("Content-Type")).toStartWith("application/json");
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      expect(await response.json()).toEqual({ jsonrpc: "2.0", id: 5, result: {} });
    }
    const bare = new Request("http://localhost/mcp", {
      method: "POST",
      headers: { Authorization: "Bearer mine" },
      body: JSON.stringify(ping),
    });
    bare.headers.delete("Content-Type");
    expect((await mcp.app.request(bare)).status).toBe(200);
  });

  test("accepts a content type with a charset", async () => {
    const headers = { "Content-Type": "application/json; charset=utf-8" };
    expect((await mcp.request("POST", { headers, body: ping })).status).toBe(200);
  });

  test("reads a repeated MCP-Protocol-Version as one, and an empty one as absent", async () => {
    for (const version of ["2025-06-18, 2025-06-18", "2025-06-18,", ""]) {
      const headers = { "MCP-Protocol-Version": version };
      expect((await mcp.request("POST", { headers, body: ping })).status).toBe(200);
    }
  });

  test("MCP 2025-11-25, Transports: is 400 and -32000 for an unsupported MCP-Protocol-Version", async () => {
    for (const version of ["1", "2099-01-01", "2025-06-18, 2025-11-25"]) {
      const response = await mcp.request("POST", {
        headers: { "MCP-Protocol-Version": version },
        body: ping,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ id: 5, error: { code: -32000 } });
    }
  });

  test("is 400 for server/discover without the version header or the _meta of MCP 2026-07-28", async () => {
    const body = { jsonrpc: "2.0", id: 0, method: "server/discover", params: {} };
    for (const [headers, code] of [
      [{}, -32000],
      [{ "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "server/discover" }, -32602],
    ] as const) {
      const response = await mcp.request("POST", { headers, body });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ id: 0, error: { code } });
    }
  });

  test("MCP 2025-11-25, Lifecycle: answers initialize with a session id and the negotiated version", async () => {
    for (const [asked, spoken] of [
      ["2025-11-25", "2025-11-25"],
      ["2025-03-26", "2025-03-26"],
      ["2099-01-01", "2025-11-25"],
    ]) {
      const params = { ...initializeMessage.params, protocolVersion: asked };
      const response = await mcp.request("POST", { body: { ...initializeMessage, params } });
      expect(response.status).toBe(200);
      expect(response.headers.get("Mcp-Session-Id")).toMatch(/^[0-9a-f]{64}$/);
      expect(await response.json()).toMatchObject({
        id: 1,
        result: {
          protocolVersion: spoken,
          serverInfo: { name: "email-connector" },
          capabilities: { tools: {} },
        },
      });
    }
  });

  test("accepts initialize with the id of an ended session or with a newer version header", async () => {
    const headers = { "MCP-Protocol-Version": "2026-07-28" };
    const response = await mcp.request("POST", { session: "gone", headers, body: initializeMessage });
    expect(response.status).toBe(200);
    expect(response.headers.get("Mcp-Session-Id")).not.toBe("gone");
  });

  test("is 400 and -32602 for a malformed initialize, and opens no session", async () => {
    for (const params of [undefined, {}, { ...initializeMessage.params, protocolVersion: 3 }]) {
      const response = await mcp.request("POST", { body: { ...initializeMessage, params } });
      expect(response.status).toBe(400);
      expect(response.headers.get("Mcp-Session-Id")).toBeNull();
      const message = "initialize takes protocolVersion, capabilities and clientInfo with name and version.";
      expect(await response.json()).toEqual({ jsonrpc: "2.0", id: 1, error: { code: -32602, message } });
    }
  });

  test("accepts a missing or empty session id", async () => {
    const none: Record<string, string>[] = [{}, { "Mcp-Session-Id": "" }];
    for (const headers of none) {
      const body = callMessage("echo", { text: "hello" });
      const response = await mcp.request("POST", { headers, body });
      expect(called.parse(await response.json()).result.structuredContent).toEqual({ text: "hello" });
    }
  });

  test("answers notifications and responses with 202 and an empty body", async () => {
    const session = await mcp.initialize();
    for (const body of [
      { jsonrpc: "2.0", method: "notifications/initialized" },
      { jsonrpc: "2.0", method: "notifications/unheard_of", params: {} },
      { jsonrpc: "2.0", id: 3, result: {} },
      { jsonrpc: "2.0", id: 3, error: { code: 1, message: "no" } },
    ]) {
      const response = await mcp.request("POST", { session, body });
      expect(response.status).toBe(202);
      expect(await response.text()).toBe("");
    }
  });

  test("JSON-RPC 2.0 section 5.1: is -32601 for an unknown method and for features we do not offer", async () => {
    for (const method of [
      "no/such",
      "resources/subscribe",
      "prompts/list",
      "logging/setLevel",
      "tasks/list",
    ]) {
      const response = await mcp.request("POST", { body: { jsonrpc: "2.0", id: 9, method, params: {} } });
      expect(response.status).toBe(200);
      expect(await codeOf(response)).toBe(-32601);
    }
  });

  test("MCP 2025-03-26, Transports: answers a small batch with a batch", async () => {
    const body = [
      ping,
      callMessage("echo", { text: "b" }, "x"),
      { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "x" } },
    ];
    const response = await mcp.request("POST", { body });
    const answers = z.array(z.object({ id: z.unknown() })).parse(await response.json());
    expect(answers.map(({ id }) => id)).toEqual([5, "x"]);
  });

  test("refuses a batch with a repeated id, with initialize, or with more than 16 messages", async () => {
    for (const body of [
      [ping, ping],
      [initializeMessage, ping],
      Array.from({ length: 17 }, (_, id) => ({ ...ping, id })),
    ]) {
      const response = await mcp.request("POST", { body });
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe(-32600);
      expect(response.headers.get("Mcp-Session-Id")).toBeNull();
    }
  });

  test("is 405 with Allow for any other HTTP method", async () => {
    for (const method of ["PUT", "PATCH"]) {
      const response = await mcp.request(method, { body: "{}" });
      expect(response.status).toBe(405);
      expect(response.headers.get("Allow")).toBe("GET, POST, DELETE, OPTIONS");
    }
  });
});

describe("The level of a grant", () => {
  async function namesFor(token: string): Promise<string[]> {
    const body = { jsonrpc: "2.0", id: 2, method: "tools/list" };
    const response = await mcp.request("POST", { token, body });
    return listing.parse(await response.json()).result.tools.map(({ name }) => name);
  }

  test("decides which tools are listed", async () => {
    const reading = ["echo", "wait", "deaf", "refuse", "broken"];
    expect(await namesFor("reader")).toEqual(reading);
    expect(await namesFor("organiser")).toEqual([...reading, "do_write", "do_destroy"]);
    expect(await namesFor("mine")).toEqual([...reading, "do_write", "do_destroy", "do_send", "send_slowly"]);
  });

  test("RFC 6750 section 3.1: read is 403 insufficient_scope for a writing tool", async () => {
    for (const name of ["do_write", "do_destroy", "do_send"]) {
      const response = await mcp.request("POST", { token: "reader", body: callMessage(name) });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ id: callMessage(name).id, error: { code: -32000 } });
      const challenge = response.headers.get("WWW-Authenticate") ?? "";
      expect(challenge).toContain('error="insufficient_scope"');
      expect(challenge).toContain('scope="email:read email:write"');
      expect(challenge).toContain(
        'resource_metadata="http://localhost:3000/.well-known/oauth-protected-resource/mcp"',
      );
    }
  });

  test("organise is answered permission_missing for a sending tool", async () => {
    const response = await mcp.request("POST", { token: "organiser", body: callMessage("do_send") });
    const { result } = called.parse(await response.json());
    expect(result.isError).toBe(true);
    expect(result.content[0].text).toContain("permission_missing");
  });
});

describe("The answer to a call", () => {
  async function call(name: string, args: unknown) {
    const response = await mcp.request("POST", { body: callMessage(name, args) });
    return called.parse(await response.json()).result;
  }

  test("carries text and structured content", async () => {
    const result = await call("echo", { text: "both" });
    expect(result).toEqual({
      content: [{ type: "text", text: "both" }],
      structuredContent: { text: "both" },
    });
  });

  test("names an unknown argument and the most similar one", async () => {
    const { isError, content } = await call("echo", { texd: "x" });
    expect(isError).toBe(true);
    expect(content[0].text).toBe(
      'echo has no argument "texd"; the nearest is "text". It takes: text. (invalid_input)',
    );
  });

  test("names the argument that does not fit", async () => {
    expect((await call("echo", { text: {} })).content[0].text).toContain("text: ");
    expect((await call("wait", {})).content[0].text).toContain("ms: ");
  });

  test("with an expected failure has message and hint, without the mail server's text", async () => {
    const { isError, content } = await call("refuse", {});
    expect(isError).toBe(true);
    expect(content[0].text).toBe(
      "The mailbox was renumbered. Search again: the mailbox was renumbered and old ids no longer count. (email_moved)",
    );
    const line = mcp.lines.findLast((candidate) => candidate.includes('"refuse"')) ?? "";
    expect(JSON.parse(line)).toMatchObject({
      outcome: "refused",
      code: "email_moved",
      reason: "Error EXPIRED NO",
    });
    expect(mcp.lines.join("")).not.toContain("canary-cause");
  });

  test("with a bug while sending says what to check before another attempt", async () => {
    const response = await mcp.request("POST", { body: callMessage("send_slowly", { breaks: true }) });
    const { result } = called.parse(await response.json());
    expect(result.content[0].text).toContain(
      "The email may have been sent. If it is in Sent (search_emails in:sent), it was",
    );
    expect(result.content[0].text).not.toContain("canary");
  });

  test("with a bug has the request id and a hint, and the log has the error's class and stack", async () => {
    const response = await mcp.request("POST", { body: callMessage("broken") });
    const requestId = response.headers.get("X-Request-Id") ?? "none";
    const { isError, content } = called.parse(await response.json()).result;
    expect(isError).toBe(true);
    expect(content[0].text).toBe(
      `Something went wrong inside the mail connector; it was logged as ${requestId}. Try it once more, another way if there is one. (internal_error)`,
    );
    const line = mcp.lines.find((candidate) => candidate.includes('"bug"') && candidate.includes(requestId));
    expect(line).toContain("TypeError");
    expect(mcp.lines.join("")).not.toContain("canary-message");
  });

  test("MCP 2025-11-25, Tools: to an unknown tool is a protocol error", async () => {
    const response = await mcp.request("POST", { body: callMessage("no_such_tool") });
    expect(await codeOf(response)).toBe(-32602);
  });

  test("JSON-RPC 2.0 section 5.1: to a malformed call is -32602 with its id; null counts as no arguments", async () => {
    for (const params of [
      {},
      { name: 1 },
      { name: "echo", arguments: [] },
      { name: "echo", arguments: "x" },
    ]) {
      const body = { jsonrpc: "2.0", id: 7, method: "tools/call", params };
      const response = await mcp.request("POST", { body });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ id: 7, error: { code: -32602 } });
    }
    const params = { name: "do_write", arguments: null };
    const none = await mcp.request("POST", {
      body: { jsonrpc: "2.0", id: 7, method: "tools/call", params },
    });
    expect(called.parse(await none.json()).result.isError).not.toBe(true);
  });

  test("writes one log line, with counts and without arguments", async () => {
    await call("do_write", {});
    const line = mcp.lines.findLast((candidate) => candidate.includes('"do_write"')) ?? "";
    expect(JSON.parse(line)).toMatchObject({
      event: "call",
      tool: "do_write",
      effect: "write",
      outcome: "done",
      count: 1,
    });
  });
});
