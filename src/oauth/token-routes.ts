/** The endpoints that clients call without a person: token, revocation, registration. Answers are never cached. */
import { type Context, Hono } from "hono";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { AppEnv } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { Log } from "../log.ts";
import { authenticateClient } from "./client-authentication.ts";
import type { Client, Clients } from "./clients.ts";
import type { Grants } from "./grants.ts";
import { isAcceptedResource } from "./metadata.ts";
import { logRefusedClient, OAuthError } from "./oauth-error.ts";
import { type RequestParameters, readBodyParameters } from "./request-parameters.ts";
import type { TokenResponse } from "./token-issuer.ts";

/** RFC 7636 section 4.1. */
const codeVerifierSyntax = /^[\w.~-]{43,128}$/;

export function createTokenRoutes(deps: {
  config: Config;
  grants: Grants;
  clients: Clients;
  clock: Clock;
  log: Log;
  limits: Pick<Limits, "consume">;
}) {
  const { config, grants, clients, clock, log, limits } = deps;

  return (
    new Hono<AppEnv>()
      // claude.ai uses the aliases at the root when it finds no metadata.
      .on("POST", ["/oauth/token", "/token"], async (c) => {
        c.header("Cache-Control", "no-store");
        await limits.consume("token", identifyPeer(c, config));
        const parameters = await readBodyParameters(c);
        const client = authenticateClient(c, parameters, clients);
        return c.json(await answerTokenRequest(client, parameters));
      })
      .on("POST", ["/oauth/revoke", "/revoke"], async (c) => {
        c.header("Cache-Control", "no-store");
        await limits.consume("token", identifyPeer(c, config));
        const parameters = await readBodyParameters(c);
        const client = findRevokingClient(c, parameters);
        await grants.revoke(requireParameter(parameters, "token"), client?.storedId);
        return c.json({ revoked: true });
      })
      .on("POST", ["/oauth/register", "/register"], async (c) => {
        c.header("Cache-Control", "no-store");
        await limits.consume("register", identifyPeer(c, config));
        const metadata: unknown = await c.req.json().catch(() => undefined);
        return c.json(clients.register(metadata, Math.floor(clock.now() / 1000)), 201);
      })
      .onError((error, c) => {
        // The application's own handler answers everything else, a full disk among it.
        if (!(error instanceof OAuthError)) throw error;
        logRefusedClient(log, error);
        return toErrorResponse(error, c);
      })
  );

  /**
   * Finds the client of a revocation request. Unlike RFC 7009 section 2.1, neither id nor secret is required: the
   * token is proof enough. Credentials that are sent must be right. Throws OAuthError invalid_client or
   * invalid_request.
   */
  function findRevokingClient(c: Context, parameters: RequestParameters): Client | undefined {
    const clientId = parameters.get("client_id");
    const hasCredentials =
      parameters.get("client_secret") !== undefined || c.req.header("Authorization") !== undefined;
    if (hasCredentials) return authenticateClient(c, parameters, clients);
    if (clientId === undefined) return undefined;
    const client = clients.find(clientId);
    if (!client) throw new OAuthError("invalid_client", "The client is unknown.");
    return client;
  }

  /** Answers a token request by its grant type. Throws OAuthError. */
  async function answerTokenRequest(client: Client, parameters: RequestParameters): Promise<TokenResponse> {
    if (!parameters.all("resource").every((resource) => isAcceptedResource(resource, config)))
      throw new OAuthError("invalid_target", "resource is not this server.");
    const grantType = parameters.get("grant_type");
    switch (grantType) {
      case "authorization_code": {
        const codeVerifier = parameters.get("code_verifier");
        return grants.redeemCode({
          code: requireParameter(parameters, "code"),
          clientId: client.storedId,
          redirectUri: parameters.get("redirect_uri"),
          codeVerifier: codeVerifierSyntax.test(codeVerifier ?? "") ? codeVerifier : undefined,
        });
      }
      case "refresh_token":
        return grants.refresh({
          refreshToken: requireParameter(parameters, "refresh_token"),
          clientId: client.storedId,
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

function requireParameter(parameters: RequestParameters, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) throw new OAuthError("invalid_request", `${name} is missing.`);
  return value;
}

/** Builds the error response of RFC 6749 section 5.2. */
function toErrorResponse(error: OAuthError, c: Context<AppEnv>) {
  if (error.basic) c.header("WWW-Authenticate", 'Basic realm="email-connector", charset="UTF-8"');
  c.header("Cache-Control", "no-store");
  return c.json({ error: error.code, error_description: error.message }, error.status);
}
