/** The official MCP client, connected to a product with an access token. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { CallToolResult, ClientCapabilities } from "@modelcontextprotocol/sdk/types.js";

export type ToolAnswer = {
  /** All text blocks, joined by line ends. */
  text: string;
  data: Record<string, unknown>;
  isError: boolean;
  result: CallToolResult;
};

export type TestClient = {
  client: Client;
  transport: StreamableHTTPClientTransport;
  /** Calls a tool and returns its result, also an error: see `isError`. */
  try(name: string, input?: Record<string, unknown>): Promise<ToolAnswer>;
  /** Calls a tool. Throws with its text when the result is an error. */
  call(name: string, input?: Record<string, unknown>): Promise<ToolAnswer>;
  close(): Promise<void>;
};

/** The capabilities of a client with MCP Apps. */
export const cardCapabilities: ClientCapabilities = {
  extensions: { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html;profile=mcp-app"] } },
};

/** Connects: initialize, initialized, GET stream. `sessionId` resumes a session. */
export async function openClient(
  product: { url: string },
  accessToken: string,
  options: { sessionId?: string; capabilities?: ClientCapabilities | undefined } = {},
): Promise<TestClient> {
  const transport = new StreamableHTTPClientTransport(new URL(`${product.url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${accessToken}` } },
    sessionId: options.sessionId,
  });
  const { capabilities } = options;
  const client = new Client({ name: "test", version: "1.0.0" }, { capabilities });
  await client.connect(transport);

  async function attempt(name: string, input: Record<string, unknown> = {}): Promise<ToolAnswer> {
    const result = (await client.callTool({ name, arguments: input })) as CallToolResult;
    const text = result.content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
    return { text, data: result.structuredContent ?? {}, isError: result.isError === true, result };
  }

  return {
    client,
    transport,
    try: attempt,
    async call(name, input) {
      const answer = await attempt(name, input);
      if (answer.isError) throw new Error(`${name} answered: ${answer.text}`);
      return answer;
    },
    close: () => client.close(),
  };
}
