/** The MCP server object of one POST, for revisions up to 2025-11-25. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  UrlElicitationRequiredError,
} from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import type { LiveGrant } from "../grant.ts";
import { hasCardSecret } from "./approval-card.ts";
import type { ClientFeatures } from "./client-features.ts";
import { instructions } from "./instructions.ts";
import { toProgress } from "./progress.ts";
import { once, type ToolAccess } from "./tool-access.ts";
import { createUrlQuestions } from "./url-questions.ts";

/** The caller of one request. */
export type RequestCaller = {
  grant: LiveGrant;
  requestId: string;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
  /** The features that the client's session announced; none without a session. */
  features: ClientFeatures;
  /** The key by which a cancellation finds the call of a JSON-RPC id; undefined without a session. */
  toCancelKey(id: string | number): string | undefined;
};

export function createServerFactory(tools: ToolAccess) {
  // By default the SDK creates a validator for each server, thus for each request: its largest cost.
  const validator = once(() => new AjvJsonSchemaValidator());
  const questions = createUrlQuestions();

  return function createServer({ grant, requestId, signal, features, toCancelKey }: RequestCaller): Server {
    const capabilities = { tools: { listChanged: true }, resources: {} };
    const options = { capabilities, instructions, jsonSchemaValidator: validator() };
    const server = new Server(tools.serverInfo, options);
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.list(grant, features) }));
    serveCard(server, tools);
    server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
      const call = {
        grant,
        requestId,
        callerSignal: signal,
        cancelKey: toCancelKey(extra.requestId),
        arguments: params.arguments ?? {},
        progress: toProgress(extra._meta?.progressToken, (notification) =>
          extra.sendNotification(notification),
        ),
      };
      const result = await tools.call(params.name, call, features);
      const asksByUrl = features.elicitsUrls && !hasCardSecret(result);
      const question = asksByUrl ? questions.toAsk(result) : undefined;
      // Error -32042: the client shows the URL and repeats the call, which then answers what was decided.
      if (question)
        throw new UrlElicitationRequiredError([
          { mode: "url", elicitationId: question.id, url: question.url, message: question.message },
        ]);
      return result;
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
