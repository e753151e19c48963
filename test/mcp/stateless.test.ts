/** MCP 2026-07-28 at /mcp, beside the revisions with sessions. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { AmbiguousAccountError } from "../../src/errors.ts";
import { toListed } from "../../src/mcp/listing.ts";
import { defineTool } from "../../src/tools/define-tool.ts";
import { initializeMessage, type McpServerKit, openMcpServer } from "../support/mcp-server.ts";
import { createTestTools } from "../support/mcp-tools.ts";
import { eventually } from "../support/waiting.ts";

const version = "2026-07-28";
const envelope = {
  "io.modelcontextprotocol/protocolVersion": version,
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** A request of the revision, with the headers that repeat its method and tool. */
function toRequest(method: string, params: Record<string, unknown> = {}, meta: Record<string, unknown> = {}) {
  const name = typeof params.name === "string" ? { "Mcp-Name": params.name } : {};
  return {
    headers: { "MCP-Protocol-Version": version, "Mcp-Method": method, ...name } as Record<string, string>,
    body: { jsonrpc: "2.0", id: 7, method, params: { ...params, _meta: { ...envelope, ...meta } } },
  };
}

describe("MCP 2026-07-28 at /mcp", () => {
  let mcp: McpServerKit;
  let observed: ReturnType<typeof createTestTools>["observed"];

  beforeAll(async () => {
    const kit = createTestTools();
    observed = kit.observed;
    mcp = await openMcpServer({ tools: kit.tools });
  });

  afterAll(() => mcp.close());

  test("lists the tools with a time for which the list may be kept, without a session", async () => {
    const response = await mcp.request("POST", toRequest("tools/list"));
    expect(response.status).toBe(200);
    expect(response.headers.get("Mcp-Session-Id")).toBeNull();
    const { result } = await response.json();
    expect(result).toMatchObject({ resultType: "complete", ttlMs: 300_000, cacheScope: "private" });
    expect(result.tools.map(({ name }: { name: string }) => name)).toContain("echo");
  });

  test("runs a tool, and answers an unknown one with -32602 and the nearest names", async () => {
    const call = toRequest("tools/call", { name: "echo", arguments: { text: "hello" } });
    const { result } = await (await mcp.request("POST", call)).json();
    expect(result).toMatchObject({ resultType: "complete", structuredContent: { text: "hello" } });
    const { error } = await (await mcp.request("POST", toRequest("tools/call", { name: "ecco" }))).json();
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining("echo") });
  });

  test("streams progress to a caller that asks for it", async () => {
    const call = toRequest("tools/call", { name: "wait", arguments: { ms: 1 } }, { progressToken: "p" });
    const response = await mcp.request("POST", call);
    expect(response.headers.get("Content-Type")).toContain("text/event-stream");
    const text = await response.text();
    expect(text).toContain('"message":"half"');
    expect(text).toContain('"waited":1');
  });

  test("aborts the call of a caller that goes away", async () => {
    const caller = new AbortController();
    const { headers, body } = toRequest("tools/call", { name: "wait", arguments: { ms: 60_000 } });
    const before = { ...observed, aborted: observed.aborted.length };
    const call = fetch(mcp.listen(), {
      method: "POST",
      headers: { ...headers, Authorization: "Bearer mine", "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: caller.signal,
    }).catch(() => undefined);
    await eventually(() => observed.started > before.started);
    caller.abort();
    await call;
    await eventually(() => observed.aborted.length > before.aborted);
  });

  test("is 401 without a token", async () => {
    expect((await mcp.request("POST", { ...toRequest("tools/list"), token: null })).status).toBe(401);
  });

  test("has no event stream, no session to end and nothing to listen to", async () => {
    const headers = { "MCP-Protocol-Version": version };
    const session = await mcp.initialize();
    expect((await mcp.request("GET", { headers, session })).status).toBe(405);
    expect((await mcp.request("DELETE", { headers, session })).status).toBe(405);
    const listen = toRequest("subscriptions/listen", { notifications: { toolsListChanged: true } });
    const refused = await mcp.request("POST", listen);
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ id: 7, error: { code: -32601 } });
  });

  test("leaves initialize under its header, and its _meta under an older header, to the older revisions", async () => {
    const headers = { "MCP-Protocol-Version": version };
    const opened = await mcp.request("POST", { headers, body: initializeMessage });
    expect(opened.status).toBe(200);
    expect(opened.headers.get("Mcp-Session-Id")).not.toBeNull();
    const { body } = toRequest("tools/list");
    const mixed = await mcp.request("POST", { headers: { "MCP-Protocol-Version": "2025-11-25" }, body });
    expect(mixed.status).toBe(200);
    expect((await mixed.json()).result).not.toHaveProperty("resultType");
  });
});

describe("An action that waits for the person", () => {
  const waiting = defineTool({
    name: "wait_for_person",
    title: "Wait for the person",
    description: "Prepares something that waits.",
    effect: "send",
    input: z.object({}),
    output: z.object({ approval: z.object({ id: z.string(), url: z.string(), state: z.string() }) }),
    run: async () => ({
      approval: { id: "apr_1", url: "https://mail.example.test/approve/apr_1/k", state: "waiting" },
    }),
    render: () => "It waits.",
  });
  const elicitation = { elicitation: { form: {}, url: {} } };
  let mcp: McpServerKit;

  beforeAll(async () => {
    mcp = await openMcpServer({ tools: [waiting] });
  });

  afterAll(() => mcp.close());

  test("MCP 2026-07-28: is asked about by its URL where the client shows URLs, and the repeated call answers", async () => {
    const call = { name: "wait_for_person", arguments: {} };
    const meta = { "io.modelcontextprotocol/clientCapabilities": elicitation };
    const asked = await (await mcp.request("POST", toRequest("tools/call", call, meta))).json();
    expect(asked.result).toMatchObject({
      resultType: "input_required",
      inputRequests: {
        approval: {
          method: "elicitation/create",
          params: { mode: "url", url: "https://mail.example.test/approve/apr_1/k" },
        },
      },
    });
    const { requestState } = asked.result;
    expect(requestState).toBe("apr_1");
    const answered = { ...call, requestState, inputResponses: { approval: { action: "accept" } } };
    const again = await (await mcp.request("POST", toRequest("tools/call", answered, meta))).json();
    expect(again.result).toMatchObject({ resultType: "complete", content: [{ text: "It waits." }] });
    const other = await (await mcp.request("POST", toRequest("tools/call", call))).json();
    expect(other.result.resultType).toBe("complete");
  });

  test("MCP 2025-11-25, Elicitation: is error -32042 once in a session that shows URLs, and never without one", async () => {
    const params = { ...initializeMessage.params, capabilities: elicitation };
    const opened = await mcp.request("POST", { body: { ...initializeMessage, params } });
    const session = opened.headers.get("Mcp-Session-Id") ?? "";
    const body = { jsonrpc: "2.0", id: 9, method: "tools/call", params: { name: "wait_for_person" } };
    expect((await (await mcp.request("POST", { body })).json()).result.isError).toBeUndefined();
    const asked = await (await mcp.request("POST", { session, body })).json();
    expect(asked.error).toMatchObject({
      code: -32042,
      data: { elicitations: [{ mode: "url", elicitationId: "apr_1" }] },
    });
    expect((await (await mcp.request("POST", { session, body })).json()).result).toMatchObject({
      structuredContent: { approval: { state: "waiting" } },
    });
  });
});

describe("MCP 2026-07-28: a call that names none of several accounts", () => {
  const which = defineTool({
    name: "which",
    title: "Which account",
    description: "Answers the account; at its end the action waits for the person.",
    effect: "send",
    input: z.object({ account: z.string().optional(), waits: z.boolean().default(false) }),
    output: z.looseObject({ account: z.string() }),
    run: async ({ account, waits }) => {
      if (account === undefined) throw new AmbiguousAccountError(["ann@example.test", "ann@work.test"]);
      const approval = { id: "apr_1", url: "https://mail.example.test/approve/apr_1/k", state: "waiting" };
      return waits ? { account, approval } : { account };
    },
    render: ({ account }) => account,
  });
  const call = { name: "which", arguments: {} };
  const capabilities = (elicitation: object) => ({
    "io.modelcontextprotocol/clientCapabilities": { elicitation },
  });
  let mcp: McpServerKit;

  beforeAll(async () => {
    mcp = await openMcpServer({ tools: [which] });
  });

  afterAll(() => mcp.close());

  const send = async (params: Record<string, unknown>, elicitation: object) => {
    const request = toRequest("tools/call", params, capabilities(elicitation));
    return (await (await mcp.request("POST", request)).json()).result;
  };

  test("asks the person for one of them by a form, and goes on with it", async () => {
    const asked = await send(call, { form: {} });
    expect(asked).toMatchObject({
      resultType: "input_required",
      inputRequests: {
        account: {
          method: "elicitation/create",
          params: {
            requestedSchema: { properties: { account: { enum: ["ann@example.test", "ann@work.test"] } } },
          },
        },
      },
    });
    const chosen = { account: { action: "accept", content: { account: "ann@work.test" } } };
    const answered = await send({ ...call, inputResponses: chosen }, { form: {} });
    expect(answered).toMatchObject({
      resultType: "complete",
      structuredContent: { account: "ann@work.test" },
    });
  });

  test("answers the addresses where the person declines, and where the client shows no forms", async () => {
    const declined = { ...call, inputResponses: { account: { action: "decline" } } };
    for (const [params, elicitation] of [
      [declined, { form: {} }],
      [call, { url: {} }],
    ] as const)
      expect(await send(params, elicitation)).toMatchObject({
        resultType: "complete",
        isError: true,
        content: [{ text: expect.stringContaining("ann@work.test") }],
      });
  });

  test("keeps the chosen account when the person is asked for an approval as well", async () => {
    const both = { form: {}, url: {} };
    const waiting = { ...call, arguments: { waits: true } };
    expect((await send(waiting, both)).inputRequests).toHaveProperty("account");
    const chosen = { account: { action: "accept", content: { account: "ann@work.test" } } };
    const asked = await send({ ...waiting, inputResponses: chosen }, both);
    expect(asked.inputRequests).toHaveProperty("approval");
    const { requestState } = asked;
    const approved = { ...waiting, requestState, inputResponses: { approval: { action: "accept" } } };
    expect(await send(approved, both)).toMatchObject({
      resultType: "complete",
      structuredContent: { account: "ann@work.test" },
    });
  });
});

test("MCP 2026-07-28: each list and each read says how long it may be kept, and for whom", async () => {
  const mcp = await openMcpServer({ tools: createTestTools().tools });
  for (const method of ["tools/list", "server/discover", "resources/list", "resources/templates/list"]) {
    const { result } = await (await mcp.request("POST", toRequest(method))).json();
    expect({ method, ...result }).toMatchObject({ method, ttlMs: 300_000, cacheScope: "private" });
  }
  await mcp.close();
});

test("Tools that send or erase require the person's own consent in Claude Code where the operator wants it", () => {
  const { tools } = createTestTools();
  const asking = (asksPerson: boolean) =>
    tools
      .filter((tool) => toListed(tool, { asksPerson })._meta?.["anthropic/requiresUserInteraction"])
      .map(({ effect }) => effect);
  expect(asking(false)).toEqual([]);
  expect(new Set(asking(true))).toEqual(new Set(["send", "destroy"]));
});
