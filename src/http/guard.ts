/**
 * What every request meets at the door, before any room of the product: an id, the security headers, who may call
 * from a browser, and how much body is read.
 */
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";

/** What travels with every request. `server` is Bun's, absent when a test enters through `app.request`. */
export type AppEnv = {
  Bindings: { server?: Pick<Bun.Server<unknown>, "timeout" | "requestIP"> } | undefined;
  Variables: {
    requestId: string;
    /** The request as it arrived; a middleware may replace `c.req.raw`, and Bun knows only this one. */
    arrived: Request;
  };
};

const headersOfEveryResponse = {
  "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
  "X-Frame-Options": "DENY",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;

/** Web origins of Claude and of a public server of the same kind; BASE and the operator's come on top. */
const knownOrigins = [
  "https://claude.ai",
  "https://claude.com",
  "https://email-connector.fly.dev",
  "https://connectmyemail.com",
];

/** Request id, security headers, and one log line per request (the route's pattern, never the URL). */
export function createGuard({ log }: { log: Log }) {
  return createMiddleware<AppEnv>(async function guard(c, next) {
    const startedAt = performance.now();
    c.set("requestId", crypto.randomUUID());
    c.set("arrived", c.req.raw);
    await next();
    for (const [name, value] of Object.entries(headersOfEveryResponse)) c.res.headers.set(name, value);
    c.res.headers.set("X-Request-Id", c.var.requestId);
    const route = routePath(c, -1);
    const code = toCode(c.error);
    log[route === "/health" ? "debug" : "info"]("request", {
      requestId: c.var.requestId,
      method: c.req.method,
      route,
      status: c.res.status,
      ...(code === undefined ? {} : { code }),
      durationMs: Math.round(performance.now() - startedAt),
    });
  });
}

/** Why a request was refused: the code of an AppError or OAuthError. Theirs are lower case, those of a bug are not. */
function toCode(error: Error | undefined): string | undefined {
  const code = error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[a-z_]+$/.test(code) ? code : undefined;
}

/** Documents that are everybody's to read. */
const metadataPath = /^\/(\.well-known\/|oauth\/meta\/?$)/;

/**
 * CORS for the origins we know, and for everybody where metadata is read; preflights are answered here with 204,
 * before any authentication.
 */
export function createCors({ config }: { config: Pick<Config, "publicUrl" | "allowedOrigins"> }) {
  const isKnown = toIsKnown(config);
  const answer = cors({
    origin: (origin, c) => {
      if (metadataPath.test(c.req.path)) return "*";
      return isKnown(origin) ? origin : null;
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
  // A program's call names no origin, is never cached, and is spared the copy that hono makes of every response.
  return createMiddleware<AppEnv>(async (c, next) => {
    if (c.req.method === "POST" && c.req.header("Origin") === undefined) return next();
    return answer(c, next);
  });
}

/**
 * Refuses a browser that acts for a page we do not know (403): an Origin that is present must be allowed, an absent
 * one is fine, since programs send none. On a loopback server the Host must be loopback too (DNS rebinding); a public
 * server may stand behind a proxy that renames it, and rebinding gains nothing against what is public anyway.
 */
export function createRefuseStrangers({ config }: { config: Pick<Config, "publicUrl" | "allowedOrigins"> }) {
  const isKnown = toIsKnown(config);
  const loopback = isLoopback(config.publicUrl);
  return createMiddleware<AppEnv>(async function refuseStrangers(c, next) {
    const origin = c.req.header("Origin");
    const host = c.req.header("Host");
    if (origin !== undefined && !isKnown(origin))
      return refuse(c, "This web origin may not call the server.");
    if (loopback && host !== undefined && !isLoopback(`http://${host}`))
      return refuse(c, "The server is for this machine only; PUBLIC_URL opens it to another host name.");
    await next();
  });
}

/** Reads at most `maxBytes` of body, however it is sent; more throws too_large (413). */
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
    // Bun reads no more than was declared; even to look at the body would make a stream of it.
    const declared = c.req.header("Transfer-Encoding") ? undefined : c.req.header("Content-Length");
    if (declared !== undefined && Number(declared) <= maxBytes) return next();
    return count(c, next);
  });
}

/**
 * Lets this request be silent for `seconds`: Bun.serve closes a connection after 10 s of silence. Call it after
 * authentication and after the body is read, so that a slow attacker keeps the short limit.
 */
export function allowSilence(
  c: { env: AppEnv["Bindings"]; var: Pick<AppEnv["Variables"], "arrived"> },
  seconds: number,
): void {
  c.env?.server?.timeout(c.var.arrived, seconds);
}

/** A server for this machine knows all of this machine's pages: the Inspector's among them, on whatever port. */
function toIsKnown({ publicUrl, allowedOrigins }: Pick<Config, "publicUrl" | "allowedOrigins">) {
  const origins = [...knownOrigins, publicUrl, ...allowedOrigins];
  const loopback = isLoopback(publicUrl);
  return (origin: string) => origins.includes(origin) || (loopback && isLoopback(origin));
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
}

function refuse(c: Context<AppEnv>, message: string) {
  return c.json({ jsonrpc: "2.0", error: { code: -32000, message }, id: null }, 403);
}
