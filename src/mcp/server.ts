/** The MCP server object of one POST, for revisions up to 2025-11-25. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  UrlElicitationRequiredError,
} from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import type { LiveGrant } from "../grant.ts";
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
  /** The client shows its person a URL when asked to. */
  elicitsUrls: boolean;
  /** The key by which a cancellation finds the call of a JSON-RPC id; undefined without a session. */
  toCancelKey(id: string | number): string | undefined;
};

export function createServerFactory(tools: ToolAccess) {
  // By default the SDK creates a validator for each server, thus for each request: its largest cost.
  const validator = once(() => new AjvJsonSchemaValidator());
  const questions = createUrlQuestions();

  return function createServer({
    grant,
    requestId,
    signal,
    elicitsUrls,
    toCancelKey,
  }: RequestCaller): Server {
    const capabilities = { tools: { listChanged: true } };
    const options = { capabilities, instructions, jsonSchemaValidator: validator() };
    const server = new Server(tools.serverInfo, options);
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.list(grant) }));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
      const result = await tools.call(params.name, {
        grant,
        requestId,
        callerSignal: signal,
        cancelKey: toCancelKey(extra.requestId),
        arguments: params.arguments ?? {},
        progress: toProgress(extra._meta?.progressToken, (notification) =>
          extra.sendNotification(notification),
        ),
      });
      const question = elicitsUrls ? questions.toAsk(result) : undefined;
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
