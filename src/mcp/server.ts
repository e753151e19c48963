/** The MCP server object of one POST: lists the tools that the grant's level permits, and runs them. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  type ServerNotification,
  type ServerRequest,
} from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import type { Config } from "../config.ts";
import type { LiveGrant } from "../grant.ts";
import type { ToolContext } from "../tools/context.ts";
import type { Tool } from "../tools/define-tool.ts";
import { productVersion } from "../version.ts";
import { toUnknownTool } from "./input.ts";
import { instructions } from "./instructions.ts";
import { mayUse, toListed } from "./listing.ts";
import { createRunTool, type RunToolDeps } from "./run-tool.ts";

export type ServerDeps = RunToolDeps & {
  config: Pick<Config, "publicUrl">;
  tools: readonly Tool[];
};

/** The caller of one request. */
type Caller = {
  grant: LiveGrant;
  requestId: string;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
  /** The key by which a cancellation finds the call of a JSON-RPC id; undefined without a session. */
  toCancelKey(id: string | number): string | undefined;
};

export function createServerFactory({ config, tools, ...deps }: ServerDeps) {
  const runTool = createRunTool(deps);
  // Created with the first request, because both take time that the start of the process should not.
  const listed = once(() => tools.map((tool) => ({ tool, entry: toListed(tool) })));
  // By default the SDK creates a validator for each server, thus for each request: its largest cost.
  const validator = once(() => new AjvJsonSchemaValidator());
  const serverInfo = {
    name: "email-connector",
    title: "Email",
    version: productVersion,
    websiteUrl: config.publicUrl,
    icons: [{ src: `${config.publicUrl}/favicon.svg`, mimeType: "image/svg+xml" }],
  };

  return function createServer({ grant, requestId, signal, toCancelKey }: Caller): Server {
    const capabilities = { tools: { listChanged: true } };
    const server = new Server(serverInfo, { capabilities, instructions, jsonSchemaValidator: validator() });
    const listUsable = () =>
      listed()
        .filter(({ tool }) => mayUse(grant.level, tool))
        .map(({ entry }) => entry);

    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: listUsable() }));

    server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
      const tool = tools.find(({ name }) => name === params.name);
      if (!tool) {
        const usable = listUsable().map(({ name }) => name);
        throw toUnknownTool(params.name, usable);
      }
      return runTool(tool, {
        grant,
        requestId,
        callerSignal: signal,
        cancelKey: toCancelKey(extra.requestId),
        arguments: params.arguments ?? {},
        progress: toProgress(extra),
      });
    });
    return server;
  };
}

/** Defers `make` to the first use, and keeps its result. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Sends progress notifications to a caller that gave a progress token, and drops them for any other. */
function toProgress(extra: RequestHandlerExtra<ServerRequest, ServerNotification>): ToolContext["progress"] {
  const progressToken = extra._meta?.progressToken;
  let reported = -1;
  return (done, total, message) => {
    // The value must increase with each notification (MCP 2025-11-25, Progress).
    if (progressToken === undefined || done <= reported) return;
    reported = done;
    const params = { progressToken, progress: done, total, message };
    extra.sendNotification({ method: "notifications/progress", params }).catch(() => {});
  };
}
