/**
 * The baselines of the HTTP benchmark: a bare Hono route, and a bare @hono/mcp server that lists the same tools, with
 * one transport per request. Without bearer token, session, rate limit and log.
 */
import { StreamableHTTPTransport } from "@hono/mcp";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Hono } from "hono";
import { toListed } from "../src/mcp/listing.ts";
import { tools } from "../src/tools/index.ts";

const listed = tools.map((tool) => toListed(tool));

const app = new Hono()
  .get("/json", (c) => c.json({ jsonrpc: "2.0", id: 1, result: { tools: [] } }))
  .post("/mcp", async (c) => {
    const server = new Server({ name: "bare", version: "1.0.0" }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: listed }));
    const transport = new StreamableHTTPTransport({ enableJsonResponse: true });
    await server.connect(transport);
    return (await transport.handleRequest(c)) ?? c.body(null, 202);
  });

const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch });
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.port}` })}\n`);
for await (const _ of Bun.stdin.stream()) {
  // The process runs until its standard input ends.
}
process.exit(0);
