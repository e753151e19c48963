/** Who holds a bearer token, and the challenge for who holds none. */
import { createMiddleware } from "hono/factory";
import type { Config } from "../config.ts";
import type { LiveGrant } from "../grant.ts";
import type { AppEnv } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { Grants } from "./grants.ts";
import { scopes } from "./metadata.ts";

/** Another scheme is no bearer token at all: RFC 6750 3.1 wants the challenge then, without an error. */
const bearerScheme = /^Bearer\b/i;

/** RFC 6750 2.1: one credential of b64token characters. Ours have 64; a little more is read, then it is nonsense. */
const bearer = /^Bearer +([\w.~+/-]{1,512}=*)$/i;

/**
 * Lets a request through with its grant in `c.var.grant`, or answers 401 with the challenge of RFC 9728 5.1. The
 * token is looked for in the Authorization header alone. A peer that keeps trying wrong ones is told to wait (429).
 */
export function createRequireGrant(deps: {
  grants: Pick<Grants, "findLive">;
  config: Pick<Config, "publicUrl" | "trustedProxies">;
  limits: Pick<Limits, "consume">;
}) {
  const { grants, config, limits } = deps;
  const challenge = [
    `resource_metadata="${config.publicUrl}/.well-known/oauth-protected-resource/mcp"`,
    `scope="${scopes.join(" ")}"`,
  ];

  return createMiddleware<AppEnv & { Variables: { grant: LiveGrant } }>(async function requireGrant(c, next) {
    const presented = c.req.header("Authorization") ?? "";
    if (!bearerScheme.test(presented)) {
      c.header("WWW-Authenticate", `Bearer ${challenge.join(", ")}`);
      return c.json({ error: "unauthorized", error_description: "Present a bearer token." }, 401);
    }
    const token = bearer.exec(presented)?.[1];
    const grant = token && grants.findLive(token);
    if (!grant) {
      limits.consume("wrongToken", identifyPeer(c, config));
      // RFC 6750 3.1. Which of unknown, expired and revoked it was is nobody's business.
      c.header("WWW-Authenticate", `Bearer error="invalid_token", ${challenge.join(", ")}`);
      return c.json({ error: "invalid_token", error_description: "The token is unknown or over." }, 401);
    }
    c.set("grant", grant);
    await next();
  });
}
