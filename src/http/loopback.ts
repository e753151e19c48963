/** The server on the person's own machine: which URLs are loopback, and the check of Host there. */
import { createMiddleware } from "hono/factory";
import type { Config } from "../config.ts";

/** Tells whether a URL names this machine: localhost, 127.0.0.1 or ::1. Never throws. */
export function isLoopbackUrl(url: string): boolean {
  return URL.canParse(url) && ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
}

/**
 * On a loopback server, answers 403 on every route when Host is not loopback (DNS rebinding): a page of another site
 * could read everything that the person's browser may. A public server may be behind a proxy that changes the Host, and
 * rebinding gains nothing against it.
 */
export function createRequireLoopbackHost({ config }: { config: Pick<Config, "publicUrl"> }) {
  const loopback = isLoopbackUrl(config.publicUrl);
  return createMiddleware(async function requireLoopbackHost(c, next) {
    const host = c.req.header("Host");
    if (!loopback || host === undefined || isLoopbackUrl(`http://${host}`)) return next();
    const message = "The server is for this machine only; PUBLIC_URL opens it to another host name.";
    return c.json({ jsonrpc: "2.0", error: { code: -32000, message }, id: null }, 403);
  });
}
