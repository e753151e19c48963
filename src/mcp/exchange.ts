/**
 * One exchange over POST /mcp: reads the JSON-RPC messages of a request and answers a single tool call directly,
 * anything else with an MCP server and a transport created for this request. This module pulls in the SDK and all
 * tools; it is loaded with the first request.
 */
import { StreamableHTTPTransport } from "@hono/mcp";
import type { Context } from "hono";
import type { LiveGrant } from "../grant.ts";
import { type AppEnv, extendIdleTimeout } from "../http/guard.ts";
import { answerSingleCall, createCallTool, type RequestCaller, toSingleCall } from "./call-tool.ts";
import {
  type JsonRpcRefusal,
  type Post,
  readPost,
  readProtocolVersion,
  readStateless,
  refuseVersion,
  type StatelessRequest,
  statelessVersion,
  supportsVersion,
} from "./message.ts";
import { createServerFactory } from "./server.ts";
import type { AnswerStateless } from "./stateless.ts";
import { createToolAccess, type ServerDeps } from "./tool-access.ts";

/** The environment of a request whose bearer token is verified. */
export type GrantEnv = AppEnv & { Variables: { grant: LiveGrant } };
export type Exchange = ReturnType<typeof createExchange>;

const versionOf = (c: Context<GrantEnv>) => readProtocolVersion(c.req.header("MCP-Protocol-Version"));

export function createExchange(deps: ServerDeps) {
  const { calls } = deps;
  const tools = createToolAccess(deps);
  const callTool = createCallTool(tools);
  const createServer = createServerFactory(tools, callTool);
  let stateless: Promise<AnswerStateless> | undefined;
  /** Loaded with the first request of MCP 2026-07-28: it would double the time until the first answer. */
  const loadStateless = () => {
    stateless ??= import("./stateless.ts").then((module) => module.createStatelessExchange(tools));
    stateless.catch(() => {
      stateless = undefined;
    });
    return stateless;
  };

  return {
    /** Reads the messages of a request body, or returns the reason for refusing it. */
    async read(c: Context<GrantEnv>): Promise<Post | JsonRpcRefusal> {
      return readPost(await c.req.text(), versionOf(c));
    },

    /** The request of a body of MCP 2026-07-28; undefined for other revisions. */
    async readStateless(c: Context<GrantEnv>): Promise<StatelessRequest | undefined> {
      return readStateless(await c.req.text(), versionOf(c));
    },

    /** True for a request of MCP 2026-07-28, which has neither event streams nor sessions. */
    isStateless: (c: Context<GrantEnv>): boolean => versionOf(c) === statelessVersion,

    /** The refusal of a stream whose MCP-Protocol-Version is not supported; undefined when it is. */
    checkVersion(c: Context<GrantEnv>): JsonRpcRefusal | undefined {
      const version = versionOf(c);
      return supportsVersion(version) ? undefined : refuseVersion(version);
    },

    /** True for the name of a writing tool under a read-only grant. */
    lacksScope: tools.lacksScope,

    /** Answers a request of MCP 2026-07-28. */
    async answerStateless(c: Context<GrantEnv>, { body }: StatelessRequest): Promise<Response> {
      const { grant, requestId, arrived } = c.var;
      extendIdleTimeout(c, Math.ceil(calls.deadlineMs / 1000) + 10);
      const answer = await loadStateless();
      const headers = new Headers(c.req.raw.headers);
      headers.set("Accept", "application/json, text/event-stream");
      headers.set("Content-Type", "application/json");
      const { signal } = arrived;
      const request = new Request(c.req.url, { method: "POST", headers, body: JSON.stringify(body), signal });
      return answer(request, body, { grant, requestId, signal });
    },

    /** Answers the requests, with what the session tells of the client. */
    async answer(
      c: Context<GrantEnv>,
      post: Post,
      session: Pick<RequestCaller, "features" | "toCancelKey">,
    ): Promise<Response> {
      const accepted = c.req.header("Accept") ?? "*/*";
      // A stream only for a client that asked for progress: a single JSON answer is simpler for every proxy.
      const streaming = accepted.includes("text/event-stream") && post.requests.some(requestsProgress);
      if (streaming) c.header("X-Accel-Buffering", "no");
      else c.header("Cache-Control", "no-store");
      extendIdleTimeout(c, Math.ceil(calls.deadlineMs / 1000) + 10);

      const { grant, requestId, arrived } = c.var;
      const caller: RequestCaller = { grant, requestId, signal: arrived.signal, ...session };
      // A server and a transport for each call would cost more than most calls do.
      const call = streaming ? undefined : toSingleCall(post);
      if (call) return c.json(await answerSingleCall(callTool, call, caller));

      // @hono/mcp checks these headers again, more strictly than existing clients allow.
      c.req.raw.headers.delete("MCP-Protocol-Version");
      c.req.raw.headers.set("Accept", "application/json, text/event-stream");
      c.req.raw.headers.set("Content-Type", "application/json");
      const server = createServer(caller);
      const transport = new StreamableHTTPTransport({ enableJsonResponse: !streaming });
      await server.connect(transport);
      const response = await transport.handleRequest(c, post.batch ? post.requests : post.requests[0]);
      return response ?? c.body(null, 202);
    },
  };
}

function requestsProgress({ method, params }: Post["requests"][number]): boolean {
  return method === "tools/call" && params?._meta?.progressToken !== undefined;
}
