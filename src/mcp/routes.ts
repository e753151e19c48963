/**
 * /mcp: POST is a call, GET a stream, DELETE the end of a session. The session is ours (a row); the protocol's
 * objects live for one POST, so nothing hangs together that two clients could tangle, and a restart goes unnoticed.
 */
import { StreamableHTTPTransport } from "@hono/mcp";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { Config } from "../config.ts";
import { allowSilence, type Door, limitBody } from "../http/guard.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { LiveGrant } from "../oauth/grant.ts";
import type { Tool } from "../tools/define-tool.ts";
import type { Calls } from "./calls.ts";
import {
  type Post,
  type Refusal,
  readPost,
  readVersion,
  supportsVersion,
  unsupportedVersion,
} from "./message.ts";
import type { CreateServer } from "./server.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { Streams } from "./streams.ts";

const maxBodyBytes = 1024 * 1024;

export type McpDeps = {
  config: Pick<Config, "publicUrl">;
  refuseStrangers: MiddlewareHandler<Door>;
  requireGrant: MiddlewareHandler<Door & { Variables: { grant: LiveGrant } }>;
  sessions: Sessions;
  streams: Streams;
  calls: Calls;
  createServer: CreateServer;
  tools: readonly Tool[];
  limits: Pick<Limits, "spend">;
};

type Granted = Door & { Variables: { grant: LiveGrant } };

export function createMcpRoutes(deps: McpDeps) {
  const { refuseStrangers, requireGrant, sessions, streams, calls, limits } = deps;

  return new Hono<Door>()
    .use("/mcp", refuseStrangers)
    .post("/mcp", requireGrant, limitBody(maxBodyBytes), async (c) => {
      calls.requireOpen();
      const version = readVersion(c.req.header("MCP-Protocol-Version"));
      const post = readPost(await c.req.text(), version);
      if ("status" in post) return refuse(c, post);
      // Tool calls have a rate of their own, spent where they run.
      for (const { method } of post.requests)
        if (method !== "tools/call") limits.spend("message", c.var.grant.id);

      const sessionId = readSessionId(c);
      // A client that begins again may still carry the session it lost.
      const session =
        sessionId === undefined || post.initialize ? undefined : sessions.find(sessionId, c.var.grant.id);
      if (sessionId !== undefined && !post.initialize && !session) return refuse(c, unknownSession);

      if (session) for (const id of post.cancelled) calls.cancel(toCallName(session, id));
      if (post.requests.length === 0) return c.body(null, 202);
      if (lacksScope(c.var.grant, post, deps.tools)) return refuseScope(c, deps.config, post);
      if (post.initialize) c.header("Mcp-Session-Id", sessions.open(c.var.grant.id, post.initialize));
      return answer(c, post, session);
    })
    .get("/mcp", requireGrant, (c) => {
      calls.requireOpen();
      limits.spend("message", c.var.grant.id);
      const sessionId = readSessionId(c);
      // Hono answers HEAD by GET and drops the body: a stream that nobody reads.
      if (sessionId === undefined || c.req.method === "HEAD") return refuseMethod(c);
      const session = sessions.find(sessionId, c.var.grant.id);
      if (!session) return refuse(c, unknownSession);
      if (!supportsVersion(readVersion(c.req.header("MCP-Protocol-Version"))))
        return refuse(c, unsupportedVersion());
      allowSilence(c, 60);
      const body = streams.open({
        grantId: session.grantId,
        sessionHash: session.hash,
        expiresAt: c.var.grant.expiresAt,
        signal: c.var.arrived.signal,
        onAlive: () => sessions.touch(session.hash),
      });
      return c.body(body, 200, {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-cache, no-transform",
        // nginx would hold the first bytes back.
        "X-Accel-Buffering": "no",
      });
    })
    .delete("/mcp", requireGrant, (c) => {
      const sessionId = readSessionId(c);
      if (sessionId === undefined)
        return refuse(c, { status: 400, code: -32000, message: "Name the session in Mcp-Session-Id." });
      const session = sessions.find(sessionId, c.var.grant.id);
      if (!session) return refuse(c, unknownSession);
      sessions.close(session.hash);
      streams.closeSession(session.hash);
      return c.body(null, 200);
    })
    .all("/mcp", requireGrant, (c) => refuseMethod(c));

  /** The SDK's answer to the requests, by a server and a transport of their own. */
  async function answer(c: Context<Granted>, post: Post, session: Session | undefined): Promise<Response> {
    // @hono/mcp looks at these itself, and is stricter than the clients there are.
    const accepted = c.req.header("Accept") ?? "*/*";
    c.req.raw.headers.delete("MCP-Protocol-Version");
    c.req.raw.headers.set("Accept", "application/json, text/event-stream");
    c.req.raw.headers.set("Content-Type", "application/json");
    // A stream only for who can see progress on it; one JSON answer is simpler for every proxy between.
    const streaming = accepted.includes("text/event-stream") && post.requests.some(wantsProgress);
    if (streaming) c.header("X-Accel-Buffering", "no");
    else c.header("Cache-Control", "no-store");
    allowSilence(c, Math.ceil(calls.deadlineMs / 1000) + 10);

    const server = deps.createServer({
      grant: c.var.grant,
      requestId: c.var.requestId,
      signal: c.var.arrived.signal,
      toCallName: (id) => session && toCallName(session, id),
    });
    const transport = new StreamableHTTPTransport({ enableJsonResponse: !streaming });
    await server.connect(transport);
    const response = await transport.handleRequest(c, post.batch ? post.requests : post.requests[0]);
    return response ?? c.body(null, 202);
  }
}

const unknownSession: Refusal = {
  status: 404,
  code: -32001,
  message: "This session is over or was never here; initialize again.",
};

function refuse(c: Context, { status, code, message, id }: Refusal) {
  return c.json({ jsonrpc: "2.0", error: { code, message }, id: id ?? null }, status);
}

function refuseMethod(c: Context) {
  const allow = ["GET", "HEAD"].includes(c.req.method)
    ? "POST, DELETE, OPTIONS"
    : "GET, POST, DELETE, OPTIONS";
  c.header("Allow", allow);
  return refuse(c, { status: 405, code: -32000, message: "Use POST; GET is for the stream of a session." });
}

/** A read-only token has no email:write; RFC 6750 section 3.1 answers with what scope would be enough. */
function refuseScope(c: Context, { publicUrl }: Pick<Config, "publicUrl">, { batch, requests }: Post) {
  c.header(
    "WWW-Authenticate",
    `Bearer error="insufficient_scope", scope="email:read email:write", resource_metadata="${publicUrl}/.well-known/oauth-protected-resource/mcp"`,
  );
  const message = "This connection is for reading only; the person can connect again and allow more.";
  const [only] = batch ? [] : requests;
  return refuse(c, { status: 403, code: -32000, message, ...(only ? { id: only.id } : {}) });
}

function lacksScope(grant: LiveGrant, post: Post, tools: readonly Tool[]): boolean {
  if (grant.level !== "read") return false;
  const called = post.requests.flatMap(({ method, params }) =>
    method === "tools/call" ? [params?.name] : [],
  );
  return tools.some((tool) => tool.effect !== "read" && called.includes(tool.name));
}

/** An empty one is none. */
function readSessionId(c: Context): string | undefined {
  return c.req.header("Mcp-Session-Id") || undefined;
}

function wantsProgress({ method, params }: Post["requests"][number]): boolean {
  return method === "tools/call" && params?._meta?.progressToken !== undefined;
}

function toCallName(session: Session, id: string | number): string {
  return `${session.hash} ${typeof id} ${id}`;
}
