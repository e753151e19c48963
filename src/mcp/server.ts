/** One MCP server object for one POST: lists the tools of the grant's level and runs them. */
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
import { unknownTool } from "./input.ts";
import { instructions } from "./instructions.ts";
import { mayUse, toListed } from "./listing.ts";
import { createRunTool, type RunToolDeps } from "./run-tool.ts";

export type ServerDeps = RunToolDeps & {
  config: Pick<Config, "publicUrl">;
  tools: readonly Tool[];
};

/** What the server acts for: one request of one caller. */
export type Caller = {
  grant: LiveGrant;
  requestId: string;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
  /** What a cancellation will call this caller's call by; undefined without a session. */
  toCallName(id: string | number): string | undefined;
};

export function createServerFactory({ config, tools, ...deps }: ServerDeps) {
  const runTool = createRunTool(deps);
  // Neither is needed before the first client comes, and both take their time.
  const listed = once(() => tools.map((tool) => ({ tool, entry: toListed(tool) })));
  // The SDK would make one for every server, which is for every request: it is what costs most there.
  const validator = once(() => new AjvJsonSchemaValidator());
  const serverInfo = {
    name: "email-connector",
    title: "Email",
    version: productVersion,
    websiteUrl: config.publicUrl,
    icons: [{ src: `${config.publicUrl}/favicon.svg`, mimeType: "image/svg+xml" }],
  };

  return function createServer({ grant, requestId, signal, toCallName }: Caller): Server {
    const capabilities = { tools: {} };
    const server = new Server(serverInfo, { capabilities, instructions, jsonSchemaValidator: validator() });
    const usable = () =>
      listed()
        .filter(({ tool }) => mayUse(grant.level, tool))
        .map(({ entry }) => entry);

    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: usable() }));

    server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
      const tool = tools.find(({ name }) => name === params.name);
      if (!tool)
        throw unknownTool(
          params.name,
          usable().map(({ name }) => name),
        );
      return runTool(tool, {
        grant,
        requestId,
        signal,
        name: toCallName(extra.requestId),
        arguments: params.arguments ?? {},
        progress: toProgress(extra),
      });
    });
    return server;
  };
}

/** What `make` returns, made when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Tells who gave a progress token how far the call is; nobody else. */
function toProgress(extra: RequestHandlerExtra<ServerRequest, ServerNotification>): ToolContext["progress"] {
  const progressToken = extra._meta?.progressToken;
  let reported = -1;
  return (done, total, what) => {
    // The value must increase with each notification (MCP 2025-11-25, Progress).
    if (progressToken === undefined || done <= reported) return;
    reported = done;
    const params = { progressToken, progress: done, total, message: what };
    extra.sendNotification({ method: "notifications/progress", params }).catch(() => {});
  };
}
