/**
 * Middleware that runs before all routes: request ids, security headers, the request log, CORS, the check of web
 * origins, and limits on request bodies.
 */
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { isLoopbackUrl } from "./loopback.ts";

/** Hono's environment for all routes. `server` is Bun's; it is absent when a test calls `app.request`. */
export type AppEnv = {
  Bindings: { server?: Pick<Bun.Server<unknown>, "timeout" | "requestIP"> } | undefined;
  Variables: {
    requestId: string;
    /** The request as Bun passed it in: middleware may replace `c.req.raw`, and Bun's server methods take only this. */
    arrived: Request;
  };
};

const securityHeaders = {
  "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
  "X-Frame-Options": "DENY",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;

/** Web origins of Claude. PUBLIC_URL and ALLOWED_ORIGINS are added. */
const claudeOrigins = ["https://claude.ai", "https://claude.com"];

/** Web origins of other people: the two hosted servers that the product began as. SEED_ORIGINS=off refuses them. */
const seedOrigins = ["https://email-connector.fly.dev", "https://connectmyemail.com"];

type OriginConfig = Pick<Config, "publicUrl" | "allowedOrigins" | "seedOrigins">;

/** Sets the request id and the security headers, and logs one line per request (the route's pattern, not the URL). */
export function createGuard({ log }: { log: Log }) {
  return createMiddleware<AppEnv>(async function guard(c, next) {
    const startedAt = performance.now();
    c.set("requestId", crypto.randomUUID());
    c.set("arrived", c.req.raw);
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) c.res.headers.set(name, value);
    c.res.headers.set("X-Request-Id", c.var.requestId);
    const route = routePath(c, -1);
    log[route === "/health" ? "debug" : "info"]("request", {
      requestId: c.var.requestId,
      method: c.req.method,
      route,
      status: c.res.status,
      code: toErrorCode(c.error),
      durationMs: Math.round(performance.now() - startedAt),
    });
  });
}

/** Returns the code of an AppError or OAuthError, which is lower case; undefined for the codes of other errors. */
function toErrorCode(error: Error | undefined): string | undefined {
  const code = error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[a-z_]+$/.test(code) ? code : undefined;
}

/** Public metadata documents, readable from every origin. */
const metadataPath = /^\/(\.well-known\/|oauth\/meta\/?$)/;

/**
 * CORS for the known origins, and for all origins on metadata documents. Preflight requests are answered here with
 * 204, before authentication.
 */
export function createCors({ config }: { config: OriginConfig }) {
  const isKnownOrigin = createOriginMatcher(config);
  const answer = cors({
    origin: (origin, c) => {
      if (metadataPath.test(c.req.path)) return "*";
      return isKnownOrigin(origin) ? origin : null;
    },
    allowMethods: ["GET", "POST", "DELETE", "OPTIONS"],
    allowHeaders: [
      "Authorization",
      "Content-Type",
      "Accept",
      "Mcp-Session-Id",
      "MCP-Protocol-Version",
      "Last-Event-ID",
      "Mcp-Method",
      "Mcp-Name",
    ],
    exposeHeaders: ["Mcp-Session-Id", "WWW-Authenticate"],
    maxAge: 86_400,
  });
  // Calls of programs carry no Origin and are never cached: skipping them avoids Hono's copy of every response.
  return createMiddleware<AppEnv>(async (c, next) => {
    if (c.req.method === "POST" && c.req.header("Origin") === undefined) return next();
    return answer(c, next);
  });
}

/**
 * Answers 403 when a browser calls on behalf of an unknown page: an Origin header must name a known origin. Requests
 * without one pass, since programs send none.
 */
export function createRequireKnownOrigin({ config }: { config: OriginConfig }) {
  const isKnownOrigin = createOriginMatcher(config);
  return createMiddleware<AppEnv>(async function requireKnownOrigin(c, next) {
    const origin = c.req.header("Origin");
    if (origin === undefined || isKnownOrigin(origin)) return next();
    const message = "This web origin may not call the server.";
    return c.json({ jsonrpc: "2.0", error: { code: -32000, message }, id: null }, 403);
  });
}

/** Limits the request body to `maxBytes`, with and without Content-Length. Throws too_large (413). */
export function limitBody(maxBytes: number) {
  const count = bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      throw new AppError("too_large", `The request is larger than ${maxBytes} bytes.`, {
        hint: "Send less at once.",
      });
    },
  });
  return createMiddleware<AppEnv>(async (c, next) => {
    // Bun reads no more than the declared length, and accessing the body here would turn it into a stream.
    const declared = c.req.header("Transfer-Encoding") ? undefined : c.req.header("Content-Length");
    if (declared !== undefined && Number(declared) <= maxBytes) return next();
    return count(c, next);
  });
}

/**
 * Sets the idle timeout of this request's connection, in seconds. Bun.serve closes a connection after 10 s of silence.
 * Call it after authentication and after the body is read, so that slow attackers keep the short limit.
 */
export function extendIdleTimeout(
  c: { env: AppEnv["Bindings"]; var: Pick<AppEnv["Variables"], "arrived"> },
  seconds: number,
): void {
  c.env?.server?.timeout(c.var.arrived, seconds);
}

/** Matches known origins. On a loopback server these include all loopback pages, such as the MCP Inspector's. */
function createOriginMatcher(config: OriginConfig) {
  const { publicUrl, allowedOrigins } = config;
  const origins = [
    ...claudeOrigins,
    ...(config.seedOrigins ? seedOrigins : []),
    publicUrl,
    ...allowedOrigins,
  ];
  const loopback = isLoopbackUrl(publicUrl);
  return (origin: string) => origins.includes(origin) || (loopback && isLoopbackUrl(origin));
}
