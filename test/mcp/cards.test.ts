/** The cards of approvals over both protocol revisions, with a tool of the test: who gets the content of a card. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { defineTool } from "../../src/tools/define-tool.ts";
import { cardCapabilities } from "../support/mcp-client.ts";
import { initializeMessage, type McpServerKit, openMcpServer } from "../support/mcp-server.ts";

const approval = { id: "apr_1", url: "https://mail.example.test/approve/apr_1/k", state: "waiting" };
const card = {
  name: "wait_for_person",
  title: "Wait for the person",
  description: "Prepares something that waits.",
  effect: "send" as const,
  input: z.object({}),
  output: z.object({ approval: z.object({ id: z.string(), url: z.string(), state: z.string() }) }),
  run: async () => ({ approval }),
  render: () => "It waits.",
};
const tools = [defineTool(card), defineTool({ ...card, name: "decide_here", appOnly: true })];

let mcp: McpServerKit;
let secret: string | undefined;
beforeAll(async () => {
  const describeCard = async () => ({
    ...{ ...approval, kind: "send", account: "me@example.org", too_long: false, texts: {} },
    secret,
  });
  mcp = await openMcpServer({ tools, describeCard });
});
afterAll(() => mcp.close());

/** Sends a request of MCP 2026-07-28 that announces `capabilities`. */
async function ask(method: string, params: Record<string, unknown>, capabilities: object) {
  const version = "2026-07-28";
  const name = String(params.name ?? params.uri ?? "");
  const headers = {
    "MCP-Protocol-Version": version,
    "Mcp-Method": method,
    ...(name && { "Mcp-Name": name }),
  };
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": capabilities,
  };
  const body = { jsonrpc: "2.0", id: 7, method, params: { ...params, _meta } };
  return (await mcp.request("POST", { headers, body })).json();
}

/** Sends a request of MCP 2025-11-25, in a session that announced `capabilities`; without a session when undefined. */
async function askInSession(method: string, params: Record<string, unknown>, capabilities?: object) {
  const opening = { ...initializeMessage, params: { ...initializeMessage.params, capabilities } };
  const opened = capabilities && (await mcp.request("POST", { body: opening }));
  const session = opened?.headers.get("Mcp-Session-Id") ?? undefined;
  return (await mcp.request("POST", { session, body: { jsonrpc: "2.0", id: 9, method, params } })).json();
}

const both = [
  ["MCP 2025-11-25", askInSession],
  ["MCP 2026-07-28", ask],
] as const;
const call = { name: "wait_for_person", arguments: {} };
const urls = { elicitation: { url: {} } };

test.each(both)(
  "%s: cards and their tool exist for a client that announces cards alone",
  async (_, request) => {
    secret = undefined;
    const namesFor = async (capabilities: object) =>
      (await request("tools/list", {}, capabilities)).result.tools.map(({ name }: { name: string }) => name);
    expect(await namesFor(cardCapabilities)).toEqual(["wait_for_person", "decide_here"]);
    const others = [{}, { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: ["text/plain"] } } }];
    for (const capabilities of others) {
      expect(await namesFor(capabilities)).toEqual(["wait_for_person"]);
      expect((await request("tools/call", call, capabilities)).result._meta ?? {}).not.toHaveProperty(
        "email-connector/approval",
      );
      const hidden = await request("tools/call", { name: "decide_here", arguments: {} }, capabilities);
      expect(hidden.error.code).toBe(-32602);
    }
    const shown = await request("tools/call", call, cardCapabilities);
    expect(shown.result._meta["email-connector/approval"]).toMatchObject({
      id: "apr_1",
      account: "me@example.org",
    });
  },
);

test.each(both)("%s: the card is a resource, and there is no other", async (_, request) => {
  const { result: listed } = await request("resources/list", {}, {});
  expect(listed.resources).toMatchObject([{ uri: "ui://approval", mimeType: "text/html;profile=mcp-app" }]);
  expect((await request("resources/templates/list", {}, {})).result.resourceTemplates).toEqual([]);
  const { result } = await request("resources/read", { uri: "ui://approval" }, {});
  expect(result.contents).toMatchObject([{ text: "<p>card</p>", mimeType: "text/html;profile=mcp-app" }]);
  const { error } = await request("resources/read", { uri: "ui://other" }, {});
  // MCP 2026-07-28 gives an unknown resource the code of invalid parameters.
  expect(error.code).toBe(request === ask ? -32602 : -32002);
});

test.each(both)("%s: a URL is shown instead of a card that cannot decide", async (_, request) => {
  const capabilities = { ...cardCapabilities, ...urls };
  const isAsked = async () => {
    const { result, error } = await request("tools/call", call, capabilities);
    return error?.code === -32042 || result?.resultType === "input_required";
  };
  secret = "s".repeat(43);
  expect(await isAsked()).toBe(false);
  secret = undefined;
  expect(await isAsked()).toBe(true);
});

test("MCP 2025-11-25: a call without a session gets no card, whatever its grant announced before", async () => {
  await askInSession("tools/list", {}, cardCapabilities);
  const { result } = await askInSession("tools/call", call);
  expect(result._meta).toBeUndefined();
});
