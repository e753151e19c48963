/** What clients ask without a person: tokens, revocation, registration. Form in, JSON out, never cached. */
import { type Context, Hono } from "hono";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { AppEnv } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import { requireClient } from "./client-authentication.ts";
import type { Client, Clients } from "./clients.ts";
import type { Grants } from "./grants.ts";
import { isOurResource } from "./metadata.ts";
import { OAuthError } from "./oauth-error.ts";
import { type Fields, readFields } from "./request-parameters.ts";
import type { TokenAnswer } from "./tokens.ts";

/** RFC 7636 4.1. */
const verifier = /^[\w.~-]{43,128}$/;

export function createTokenRoutes(deps: {
  config: Config;
  grants: Grants;
  clients: Clients;
  clock: Clock;
  limits: Pick<Limits, "consume">;
}) {
  const { config, grants, clients, clock, limits } = deps;

  return (
    new Hono<AppEnv>()
      // claude.ai falls back to the root when it found no metadata.
      .on("POST", ["/oauth/token", "/token"], async (c) => {
        c.header("Cache-Control", "no-store");
        limits.consume("token", identifyPeer(c, config));
        const fields = await readFields(c);
        const client = requireClient(c, fields, clients);
        return c.json(issueFor(client, fields));
      })
      .on("POST", ["/oauth/revoke", "/revoke"], async (c) => {
        c.header("Cache-Control", "no-store");
        limits.consume("token", identifyPeer(c, config));
        const fields = await readFields(c);
        const client = findRevoker(c, fields);
        grants.revoke(requireField(fields, "token"), client?.key);
        return c.json({ revoked: true });
      })
      .on("POST", ["/oauth/register", "/register"], async (c) => {
        c.header("Cache-Control", "no-store");
        limits.consume("register", identifyPeer(c, config));
        const asked: unknown = await c.req.json().catch(() => undefined);
        return c.json(clients.register(asked, Math.floor(clock.now() / 1000)), 201);
      })
      .onError((error, c) => {
        // The rest is the whole product's to answer. A token that could not be saved has not been given.
        if (!(error instanceof OAuthError)) throw error;
        return refuse(error, c);
      })
  );

  /**
   * Who holds a token may end it, also a program without a client's name or secret: holding it is the proof. What is
   * told beside it must be true. Throws OAuthError invalid_client, invalid_request.
   */
  function findRevoker(c: Context, fields: Fields): Client | undefined {
    const clientId = fields.get("client_id");
    const proves = fields.get("client_secret") !== undefined || c.req.header("Authorization") !== undefined;
    if (proves) return requireClient(c, fields, clients);
    if (clientId === undefined) return undefined;
    const client = clients.find(clientId);
    if (!client) throw new OAuthError("invalid_client", "The client is unknown.");
    return client;
  }

  function issueFor(client: Client, fields: Fields): TokenAnswer {
    if (!fields.all("resource").every((resource) => isOurResource(resource, config)))
      throw new OAuthError("invalid_target", "resource is not this server.");
    const grantType = fields.get("grant_type");
    switch (grantType) {
      case "authorization_code": {
        const codeVerifier = fields.get("code_verifier");
        return grants.redeemCode({
          code: requireField(fields, "code"),
          clientId: client.key,
          redirectUri: fields.get("redirect_uri"),
          codeVerifier: verifier.test(codeVerifier ?? "") ? codeVerifier : undefined,
        });
      }
      case "refresh_token":
        return grants.refresh({
          refreshToken: requireField(fields, "refresh_token"),
          clientId: client.key,
        });
      case undefined:
        throw new OAuthError("invalid_request", "grant_type is missing.");
      default:
        throw new OAuthError(
          "unsupported_grant_type",
          "grant_type must be authorization_code or refresh_token.",
        );
    }
  }
}

function requireField(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (value === undefined) throw new OAuthError("invalid_request", `${name} is missing.`);
  return value;
}

/** RFC 6749 5.2. */
function refuse(error: OAuthError, c: Context<AppEnv>) {
  if (error.basic) c.header("WWW-Authenticate", 'Basic realm="email-connector", charset="UTF-8"');
  c.header("Cache-Control", "no-store");
  return c.json({ error: error.code, error_description: error.message }, error.status);
}
