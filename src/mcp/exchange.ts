/**
 * Messages read by the SDK's schemas, and answered by a server and a transport of its own for each POST. All that needs
 * the SDK and the tools hangs here, so that it is loaded when the first program comes.
 */
import { StreamableHTTPTransport } from "@hono/mcp";
import type { Context } from "hono";
import type { LiveGrant } from "../grant.ts";
import { type AppEnv, extendIdleTimeout } from "../http/guard.ts";
import {
  type Post,
  type Refusal,
  readPost,
  readVersion,
  supportsVersion,
  unsupportedVersion,
} from "./message.ts";
import { createServerFactory, type ServerDeps } from "./server.ts";

export type Granted = AppEnv & { Variables: { grant: LiveGrant } };
export type Exchange = ReturnType<typeof createExchange>;

export function createExchange(deps: ServerDeps) {
  const createServer = createServerFactory(deps);
  const { calls, tools } = deps;

  return {
    /** The body's messages, or why they are refused. */
    async read(c: Context<Granted>): Promise<Post | Refusal> {
      return readPost(await c.req.text(), readVersion(c.req.header("MCP-Protocol-Version")));
    },

    /** Why a stream is refused for the version its client speaks; undefined when it is not. */
    refuseVersion(c: Context<Granted>): Refusal | undefined {
      const version = readVersion(c.req.header("MCP-Protocol-Version"));
      return supportsVersion(version) ? undefined : unsupportedVersion();
    },

    /** Whether it calls a tool that changes something for who may only read. */
    lacksScope(grant: LiveGrant, post: Post): boolean {
      if (grant.level !== "read") return false;
      const called = post.requests.flatMap(({ method, params }) =>
        method === "tools/call" ? [params?.name] : [],
      );
      return tools.some((tool) => tool.effect !== "read" && called.includes(tool.name));
    },

    /** The answer to its requests. `toCallName`: what a later cancellation will call a request's call by. */
    async answer(
      c: Context<Granted>,
      post: Post,
      toCallName: (id: string | number) => string | undefined,
    ): Promise<Response> {
      // @hono/mcp looks at these itself, and is stricter than the clients there are.
      const accepted = c.req.header("Accept") ?? "*/*";
      c.req.raw.headers.delete("MCP-Protocol-Version");
      c.req.raw.headers.set("Accept", "application/json, text/event-stream");
      c.req.raw.headers.set("Content-Type", "application/json");
      // A stream only for who can see progress on it; one JSON answer is simpler for every proxy between.
      const streaming = accepted.includes("text/event-stream") && post.requests.some(wantsProgress);
      if (streaming) c.header("X-Accel-Buffering", "no");
      else c.header("Cache-Control", "no-store");
      extendIdleTimeout(c, Math.ceil(calls.deadlineMs / 1000) + 10);

      const { grant, requestId, arrived } = c.var;
      const server = createServer({ grant, requestId, signal: arrived.signal, toCallName });
      const transport = new StreamableHTTPTransport({ enableJsonResponse: !streaming });
      await server.connect(transport);
      const response = await transport.handleRequest(c, post.batch ? post.requests : post.requests[0]);
      return response ?? c.body(null, 202);
    },
  };
}

function wantsProgress({ method, params }: Post["requests"][number]): boolean {
  return method === "tools/call" && params?._meta?.progressToken !== undefined;
}
