/**
 * The authorization request: checked in a fixed order, so that nothing is ever sent to a redirect before the client
 * and the redirect are proven, and everything after is.
 */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Level } from "../grant.ts";
import { newToken, type Secrets } from "../secrets.ts";
import { requestLifetimeMs } from "./authorization-flow.ts";
import type { Clients } from "./clients.ts";
import { isOurResource } from "./metadata.ts";
import { OAuthError, type OAuthErrorCode, type ProvenRedirect } from "./oauth-error.ts";
import { toRedirectHost } from "./redirects.ts";
import { type Fields, toFields } from "./request-parameters.ts";

/** A checked request, on its way through the form. */
const checkedRequest = z.object({
  secret: z.string(),
  clientId: z.string(),
  redirectUri: z.string(),
  redirectHost: z.string(),
  codeChallenge: z.string(),
  rawState: z.string().optional(),
  /** What the client asked for; the person decides. */
  level: z.enum(["read", "send"]),
});

export type AuthorizationRequest = z.infer<typeof checkedRequest>;

/** `expiresAt`: milliseconds since the epoch. */
const sealedRequest = checkedRequest.extend({ expiresAt: z.number() });

/** As it stands in the query. With everything around it a form of 16 KB must hold it, sealed. */
const maxStateLength = 4_096;

/**
 * Checks the query of GET /oauth/authorize (`search`, as it came, with or without "?"). Throws OAuthError: without
 * a redirect while none is proven, with it from there on.
 */
export function checkAuthorizationRequest(
  search: string,
  deps: { clients: Clients; config: Pick<Config, "publicUrl"> },
): AuthorizationRequest {
  const parameters = new URLSearchParams(search);
  const unproven = toFields(parameters);

  // 1. The client.
  const clientId = unproven.get("client_id");
  if (clientId === undefined) throw new OAuthError("invalid_request", "client_id is missing.");
  const client = deps.clients.find(clientId);
  if (!client) throw new OAuthError("invalid_client", "The client is unknown.");

  // 2. Its redirect, and a state that can be given back whole.
  const redirectUri = unproven.get("redirect_uri");
  if (redirectUri === undefined || !client.redirectsTo(redirectUri))
    throw new OAuthError("invalid_redirect_uri", "The redirect is not one of this client's.");
  const rawState = findRaw(search, "state");
  if (unproven.all("state").length > 1 || (rawState?.length ?? 0) > maxStateLength)
    throw new OAuthError("invalid_request", `state is there once, with at most ${maxStateLength} bytes.`);

  // 3. From here errors may be redirected.
  const redirect: ProvenRedirect = { uri: redirectUri, rawState };
  const fields = toFields(parameters, redirect);
  return {
    secret: newToken(),
    clientId: client.key,
    redirectUri,
    redirectHost: toRedirectHost(redirectUri),
    codeChallenge: requireCodeChallenge(fields, redirect, deps.config),
    rawState,
    level: toLevel(fields.get("scope")),
  };
}

/** The code challenge of a request that is right in all else that has to be there. */
function requireCodeChallenge(
  fields: Fields,
  redirect: ProvenRedirect,
  config: Pick<Config, "publicUrl">,
): string {
  const refuse = (code: OAuthErrorCode, description: string) =>
    new OAuthError(code, description, { redirect });
  const responseType = fields.get("response_type");
  if (responseType === undefined) throw refuse("invalid_request", "response_type is missing.");
  if (responseType !== "code") throw refuse("unsupported_response_type", "response_type must be code.");
  if ((fields.get("response_mode") ?? "query") !== "query")
    throw refuse("invalid_request", "response_mode must be query.");
  const codeChallenge = fields.get("code_challenge");
  // RFC 7636 4.4.1; without a method it would be plain (4.3), which is no proof against who reads the request.
  if (codeChallenge === undefined) throw refuse("invalid_request", "code_challenge is missing.");
  if (fields.get("code_challenge_method") !== "S256")
    throw refuse("invalid_request", "code_challenge_method must be S256.");
  if (!/^[\w-]{43}$/.test(codeChallenge))
    throw refuse("invalid_request", "code_challenge must be 43 characters of base64url.");
  // Nothing else can be named, so a code need not remember what was (RFC 8707 2.2).
  if (!fields.all("resource").every((resource) => isOurResource(resource, config)))
    throw refuse("invalid_target", "resource is not this server.");
  return codeChallenge;
}

/** A client that asks for reading alone finds reading chosen. Unknown scopes are ignored (RFC 6749 3.3). */
function toLevel(scope: string | undefined): Extract<Level, "read" | "send"> {
  const asked = (scope ?? "").split(" ");
  return asked.includes("email:read") && !asked.includes("email:write") ? "read" : "send";
}

/** A parameter as it stands in a query, still percent-encoded. */
function findRaw(search: string, name: string): string | undefined {
  const part = search
    .replace(/^\?/, "")
    .split("&")
    .find((pair) => pair.startsWith(`${name}=`));
  const value = part?.slice(name.length + 1);
  return value === "" ? undefined : value;
}

const purpose = "authorization request";

/** The request as the form carries it: opaque, and good for another ten minutes. */
export function sealRequest(secrets: Secrets, clock: Clock, request: AuthorizationRequest): string {
  const sealed: z.infer<typeof sealedRequest> = { ...request, expiresAt: clock.now() + requestLifetimeMs };
  return secrets.sealValue(purpose, sealed);
}

/** The request of a form. Undefined when it is forged, or lay open for too long. */
export function unsealRequest(
  secrets: Secrets,
  clock: Clock,
  sealed: string,
): AuthorizationRequest | undefined {
  try {
    const { expiresAt, ...request } = sealedRequest.parse(secrets.unsealValue(purpose, sealed));
    return expiresAt > clock.now() ? request : undefined;
  } catch {
    return undefined;
  }
}
