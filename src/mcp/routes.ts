/**
 * /mcp: POST carries messages, GET opens an event stream, DELETE ends a session. A session is a row of ours; the SDK's
 * objects live for one POST, so that clients share no state and a restart ends no session.
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { Config } from "../config.ts";
import type { LiveGrant } from "../grant.ts";
import { type AppEnv, extendIdleTimeout, limitBody } from "../http/guard.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { Calls } from "./calls.ts";
import { noFeatures } from "./client-features.ts";
import type { Exchange, GrantEnv } from "./exchange.ts";
import type { JsonRpcRefusal, StatelessRequest } from "./message.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { Streams } from "./streams.ts";
import type { WarmUp } from "./warm-up.ts";

const maxBodyBytes = 1024 * 1024;

export type McpDeps = {
  config: Pick<Config, "publicUrl">;
  requireKnownOrigin: MiddlewareHandler<AppEnv>;
  requireGrant: MiddlewareHandler<GrantEnv>;
  sessions: Sessions;
  streams: Streams;
  calls: Calls;
  /** Asks the other replicas to stop the calls with this key. */
  cancelElsewhere(cancelKey: string): Promise<void>;
  /** Loads the exchange with the first request. */
  loadExchange(): Promise<Exchange>;
  limits: Pick<Limits, "consume">;
  warmUp: WarmUp;
};

export function createMcpRoutes(deps: McpDeps) {
  const { requireKnownOrigin, requireGrant, loadExchange } = deps;

  /** Loads before the grant is verified, because the grant could end while loading. */
  const withExchange: MiddlewareHandler<AppEnv> = async (_, next) => {
    await loadExchange();
    return next();
  };

  return new Hono<AppEnv>()
    .use("/mcp", requireKnownOrigin)
    .post("/mcp", withExchange, requireGrant, limitBody(maxBodyBytes), (c) => answerPost(c, deps))
    .get("/mcp", withExchange, requireGrant, (c) => openStream(c, deps))
    .delete("/mcp", requireGrant, (c) => endSession(c, deps))
    .all("/mcp", requireGrant, (c) => refuseMcpMethod(c));
}

async function answerPost(c: Context<GrantEnv>, deps: McpDeps): Promise<Response> {
  const { sessions, calls, limits } = deps;
  const exchange = await deps.loadExchange();
  calls.requireOpen();
  const stateless = await exchange.readStateless(c);
  if (stateless) return answerStateless(c, deps, stateless);
  const post = await exchange.read(c);
  if ("status" in post) return toJsonRpcError(c, post);
  // Tool calls count against a rate of their own, in run-tool.ts.
  for (const { method } of post.requests)
    if (method !== "tools/call") await limits.consume("message", c.var.grant.id);

  // A client that initializes again may still send the id of the session it lost.
  const sessionId = post.initialize ? undefined : readSessionId(c);
  const session = sessionId === undefined ? undefined : await sessions.find(sessionId, c.var.grant.id);
  if (sessionId !== undefined && !session) return toJsonRpcError(c, unknownSession);

  if (session)
    for (const id of post.cancelled) {
      const key = toCancelKey(session, id);
      if (!calls.cancel(key)) await deps.cancelElsewhere(key);
    }
  if (post.requests.length === 0) return c.body(null, 202);
  const called = post.requests.filter(({ method }) => method === "tools/call");
  if (called.some(({ params }) => exchange.lacksScope(c.var.grant, params?.name)))
    return refuseScope(c, deps.config, post.batch ? null : (post.requests[0]?.id ?? null));
  prepareConnections(
    deps.warmUp,
    c.var.grant,
    post.requests.map(({ method }) => method),
  );
  if (post.initialize) c.header("Mcp-Session-Id", await sessions.open(c.var.grant.id, post.features));
  return exchange.answer(c, post, {
    features: session?.features ?? noFeatures,
    toCancelKey: (id) => session && toCancelKey(session, id),
  });
}

/** Answers a request of MCP 2026-07-28. Change notifications are not offered, so nothing can be listened to. */
async function answerStateless(
  c: Context<GrantEnv>,
  deps: McpDeps,
  request: StatelessRequest,
): Promise<Response> {
  const { method, id, tool } = request;
  const exchange = await deps.loadExchange();
  if (method === "subscriptions/listen")
    return c.json({ jsonrpc: "2.0", error: { code: -32601, message: "Method not found" }, id }, 404);
  if (method !== "tools/call") await deps.limits.consume("message", c.var.grant.id);
  else if (exchange.lacksScope(c.var.grant, tool)) return refuseScope(c, deps.config, id);
  prepareConnections(deps.warmUp, c.var.grant, [method]);
  c.header("Cache-Control", "no-store");
  return exchange.answerStateless(c, request);
}

function prepareConnections(warmUp: WarmUp, grant: LiveGrant, methods: readonly string[]): void {
  if (methods.includes("tools/call")) warmUp.noteCall(grant.id);
  else if (methods.some((method) => openingMethods.has(method))) warmUp.offer(grant);
}

/** The methods by which a client begins. */
const openingMethods: ReadonlySet<string> = new Set(["initialize", "server/discover", "tools/list"]);

async function openStream(c: Context<GrantEnv>, deps: McpDeps): Promise<Response> {
  const { sessions, streams, calls, limits } = deps;
  const exchange = await deps.loadExchange();
  calls.requireOpen();
  await limits.consume("message", c.var.grant.id);
  const sessionId = readSessionId(c);
  // Hono answers HEAD with the GET handler and drops the body: the stream would have no reader.
  if (sessionId === undefined || c.req.method === "HEAD" || exchange.isStateless(c))
    return refuseMcpMethod(c);
  const session = await sessions.find(sessionId, c.var.grant.id);
  if (!session) return toJsonRpcError(c, unknownSession);
  const refusal = exchange.checkVersion(c);
  if (refusal) return toJsonRpcError(c, refusal);
  extendIdleTimeout(c, 60);
  const body = streams.open({
    grantId: session.grantId,
    sessionHash: session.hash,
    expiresAt: c.var.grant.expiresAt,
    signal: c.var.arrived.signal,
    onKeepAlive() {
      // A use that cannot be recorded must not end the stream; the next one may be.
      sessions.touch(session.hash).catch(() => {});
    },
  });
  return c.body(body, 200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    // nginx buffers a response unless told not to.
    "X-Accel-Buffering": "no",
  });
}

async function endSession(
  c: Context<GrantEnv>,
  { sessions, streams, loadExchange }: McpDeps,
): Promise<Response> {
  if ((await loadExchange()).isStateless(c)) return refuseMcpMethod(c);
  const sessionId = readSessionId(c);
  if (sessionId === undefined)
    return toJsonRpcError(c, { status: 400, code: -32000, message: "Name the session in Mcp-Session-Id." });
  const session = await sessions.find(sessionId, c.var.grant.id);
  if (!session) return toJsonRpcError(c, unknownSession);
  await sessions.close(session.hash);
  streams.closeSession(session.hash);
  return c.body(null, 200);
}

const unknownSession: JsonRpcRefusal = {
  status: 404,
  code: -32001,
  message: "This session has ended or never existed; initialize again.",
};

function toJsonRpcError(c: Context, { status, code, message, data, id }: JsonRpcRefusal): Response {
  return c.json({ jsonrpc: "2.0", error: { code, message, data }, id: id ?? null }, status);
}

/** 405 with the methods that the path allows (RFC 9110 section 15.5.6). */
function refuseMcpMethod(c: Context): Response {
  const allow = ["GET", "HEAD"].includes(c.req.method)
    ? "POST, DELETE, OPTIONS"
    : "GET, POST, DELETE, OPTIONS";
  c.header("Allow", allow);
  return toJsonRpcError(c, {
    status: 405,
    code: -32000,
    message: "Use POST; GET is for the stream of a session.",
  });
}

/** 403 with the scope that the request needs (RFC 6750 section 3.1); a read-only token lacks email:write. */
function refuseScope(
  c: Context,
  { publicUrl }: Pick<Config, "publicUrl">,
  id: string | number | null,
): Response {
  c.header(
    "WWW-Authenticate",
    `Bearer error="insufficient_scope", scope="email:read email:write", resource_metadata="${publicUrl}/.well-known/oauth-protected-resource/mcp"`,
  );
  const message = "This connection is for reading only; the person can connect again and allow more.";
  return toJsonRpcError(c, { status: 403, code: -32000, message, id: id ?? undefined });
}

/** The value of Mcp-Session-Id; an empty one counts as absent. */
function readSessionId(c: Context): string | undefined {
  return c.req.header("Mcp-Session-Id") || undefined;
}

/** Identifies a running call. The type is part of the key because the JSON-RPC ids 1 and "1" differ. */
function toCancelKey(session: Session, id: string | number): string {
  return `${session.hash} ${typeof id} ${id}`;
}
