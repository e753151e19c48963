/**
 * /mcp: POST is a call, GET a stream, DELETE the end of a session. The session is ours (a row); the protocol's
 * objects live for one POST, so nothing hangs together that two clients could tangle, and a restart goes unnoticed.
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { Config } from "../config.ts";
import { type AppEnv, extendIdleTimeout, limitBody } from "../http/guard.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { Calls } from "./calls.ts";
import type { Exchange, Granted } from "./exchange.ts";
import type { Post, Refusal } from "./message.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { Streams } from "./streams.ts";

const maxBodyBytes = 1024 * 1024;

export type McpDeps = {
  config: Pick<Config, "publicUrl">;
  requireKnownOrigin: MiddlewareHandler<AppEnv>;
  requireGrant: MiddlewareHandler<Granted>;
  sessions: Sessions;
  streams: Streams;
  calls: Calls;
  /** Loads it when it is first asked for. */
  loadExchange(): Promise<Exchange>;
  limits: Pick<Limits, "consume">;
};

export function createMcpRoutes(deps: McpDeps) {
  const { requireKnownOrigin, requireGrant, sessions, streams, calls, limits, loadExchange } = deps;

  /** Before the grant is looked at, which may end while it is loaded. */
  const withExchange: MiddlewareHandler<AppEnv> = async (_, next) => {
    await loadExchange();
    return next();
  };

  return new Hono<AppEnv>()
    .use("/mcp", requireKnownOrigin)
    .post("/mcp", withExchange, requireGrant, limitBody(maxBodyBytes), async (c) => {
      const exchange = await loadExchange();
      calls.requireOpen();
      const post = await exchange.read(c);
      if ("status" in post) return refuse(c, post);
      // Tool calls have a rate of their own, spent where they run.
      for (const { method } of post.requests)
        if (method !== "tools/call") limits.consume("message", c.var.grant.id);

      const sessionId = readSessionId(c);
      // A client that begins again may still carry the session it lost.
      const session =
        sessionId === undefined || post.initialize ? undefined : sessions.find(sessionId, c.var.grant.id);
      if (sessionId !== undefined && !post.initialize && !session) return refuse(c, unknownSession);

      if (session) for (const id of post.cancelled) calls.cancel(toCallName(session, id));
      if (post.requests.length === 0) return c.body(null, 202);
      if (exchange.lacksScope(c.var.grant, post)) return refuseScope(c, deps.config, post);
      if (post.initialize) c.header("Mcp-Session-Id", sessions.open(c.var.grant.id));
      return exchange.answer(c, post, (id) => session && toCallName(session, id));
    })
    .get("/mcp", withExchange, requireGrant, async (c) => {
      const exchange = await loadExchange();
      calls.requireOpen();
      limits.consume("message", c.var.grant.id);
      const sessionId = readSessionId(c);
      // Hono answers HEAD by GET and drops the body: a stream that nobody reads.
      if (sessionId === undefined || c.req.method === "HEAD") return refuseMethod(c);
      const session = sessions.find(sessionId, c.var.grant.id);
      if (!session) return refuse(c, unknownSession);
      const refusal = exchange.refuseVersion(c);
      if (refusal) return refuse(c, refusal);
      extendIdleTimeout(c, 60);
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

/** An empty one is none. */
function readSessionId(c: Context): string | undefined {
  return c.req.header("Mcp-Session-Id") || undefined;
}

function toCallName(session: Session, id: string | number): string {
  return `${session.hash} ${typeof id} ${id}`;
}
