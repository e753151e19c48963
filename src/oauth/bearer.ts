/** Bearer token authentication of the MCP endpoint (RFC 6750). */
import { createMiddleware } from "hono/factory";
import type { Config } from "../config.ts";
import type { LiveGrant } from "../grant.ts";
import type { AppEnv } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { Grants } from "./grants.ts";
import { scopes } from "./metadata.ts";

/** Any other scheme is no bearer token: RFC 6750 section 3.1 then wants the challenge without an error code. */
const bearerScheme = /^Bearer\b/i;

/** One credential of b64token characters (RFC 6750 section 2.1). Ours have 64; the upper bound leaves some room. */
const bearerToken = /^Bearer +([\w.~+/-]{1,512}=*)$/i;

/**
 * Creates the middleware that sets `c.var.grant`, or answers 401 with the challenge of RFC 9728 section 5.1.
 *
 * Only the Authorization header is read. Each wrong token counts against the peer's rate limit: AppError
 * rate_limited (429) once that is spent.
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
    const header = c.req.header("Authorization") ?? "";
    if (!bearerScheme.test(header)) {
      c.header("WWW-Authenticate", `Bearer ${challenge.join(", ")}`);
      return c.json({ error: "unauthorized", error_description: "Present a bearer token." }, 401);
    }
    const token = bearerToken.exec(header)?.[1];
    const grant = token && (await grants.findLive(token));
    if (!grant) {
      await limits.consume("wrongToken", identifyPeer(c, config));
      // RFC 6750 section 3.1. The answer does not tell unknown, expired and revoked tokens apart.
      c.header("WWW-Authenticate", `Bearer error="invalid_token", ${challenge.join(", ")}`);
      return c.json(
        { error: "invalid_token", error_description: "The token is unknown or has expired." },
        401,
      );
    }
    c.set("grant", grant);
    await next();
  });
}
