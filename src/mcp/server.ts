/** The MCP server object of one POST, for revisions up to 2025-11-25. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import type { CallTool, RequestCaller } from "./call-tool.ts";
import { instructions } from "./instructions.ts";
import { toProgress } from "./progress.ts";
import { once, type ToolAccess } from "./tool-access.ts";

export function createServerFactory(tools: ToolAccess, callTool: CallTool) {
  // By default the SDK creates a validator for each server, thus for each request: its largest cost.
  const validator = once(() => new AjvJsonSchemaValidator());

  return function createServer(caller: RequestCaller): Server {
    const capabilities = { tools: { listChanged: true }, resources: {} };
    const options = { capabilities, instructions, jsonSchemaValidator: validator() };
    const server = new Server(tools.serverInfo, options);
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: tools.list(caller.grant, caller.features),
    }));
    serveCard(server, tools);
    server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => {
      const progress = toProgress(extra._meta?.progressToken, (notification) =>
        extra.sendNotification(notification),
      );
      const { name, arguments: given } = params;
      return callTool({ id: extra.requestId, name, arguments: given, progress }, caller);
    });
    return server;
  };
}

/** Serves the one resource. */
function serveCard(server: Server, { card }: ToolAccess): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: [card.resource] }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [] }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => {
    const contents = card.read(params.uri);
    if (!contents) throw toUnknownResource(params.uri);
    return contents;
  });
}

/** MCP 2025-11-25, Resources, Error Handling. */
function toUnknownResource(uri: string): Error {
  return Object.assign(new Error("There is no such resource."), { code: -32002, data: { uri } });
}
