/**
 * The authorization request (RFC 6749 section 4.1.1). The checks run in a fixed order: nothing is sent to a redirect
 * URI before the client and the redirect URI are proven, and every later error is.
 */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Level } from "../grant.ts";
import { newToken, type Secrets } from "../secrets.ts";
import type { Clients } from "./clients.ts";
import { isAcceptedResource } from "./metadata.ts";
import { OAuthError, type OAuthErrorCode, type ProvenRedirect } from "./oauth-error.ts";
import { toRedirectHost } from "./redirects.ts";
import { type RequestParameters, toRequestParameters } from "./request-parameters.ts";

/** Lifetime of an authorization request. It starts again with each form drawn and each proven login. */
export const requestLifetimeMs = 60 * 60_000;

const checkedRequest = z.object({
  /** Random; its hash identifies the request, and it wraps the data key of the pending grant. */
  secret: z.string(),
  clientId: z.string(),
  redirectUri: z.string(),
  /** Host of the redirect URI: stored in clear, for the operator's list of grants. */
  redirectHost: z.string(),
  codeChallenge: z.string(),
  rawState: z.string().optional(),
  /** The level the client asks for; the person decides. */
  level: z.enum(["read", "send"]),
  /** Hash of the id of the browser that opened the form. */
  browserHash: z.string(),
  /**
   * The live grant to which an account is added from the person's own page. Such a request is ours: it has no client
   * that waits for a code, and ends on that page.
   */
  extendedGrantId: z.string().optional(),
});

/** A checked request, as the connect form carries it. */
export type AuthorizationRequest = z.infer<typeof checkedRequest>;

/** `expiresAt`: milliseconds since the epoch. */
const sealedRequest = checkedRequest.extend({ expiresAt: z.number() });

/** Maximum length of `state`, percent-encoded. The sealed request must fit into a form of 16 KB. */
const maxStateLength = 4_096;

/**
 * Checks the query of GET /oauth/authorize (`search`: the raw query, with or without "?").
 *
 * Throws OAuthError, with `redirect` once the client and its redirect URI are proven (RFC 6749 section 4.1.2.1).
 */
export function checkAuthorizationRequest(
  search: string,
  deps: { clients: Clients; config: Pick<Config, "publicUrl"> },
): Omit<AuthorizationRequest, "browserHash"> {
  const query = new URLSearchParams(search);
  const unproven = toRequestParameters(query);

  // 1. The client.
  const clientId = unproven.get("client_id");
  if (clientId === undefined) throw new OAuthError("invalid_request", "client_id is missing.");
  const client = deps.clients.find(clientId);
  if (!client)
    throw new OAuthError("invalid_client", "The client is unknown.", {
      closed: deps.clients.findClosed({ id: clientId }),
    });

  // 2. Its redirect URI, and a state that can be returned unchanged.
  const redirectUri = unproven.get("redirect_uri");
  if (redirectUri === undefined || !client.allowsRedirect(redirectUri))
    throw new OAuthError("invalid_redirect_uri", "redirect_uri is not registered for this client.", {
      refusedRedirectUri: redirectUri,
      closed: redirectUri === undefined ? undefined : deps.clients.findClosed({ redirects: [redirectUri] }),
    });
  const rawState = findRawParameter(search, "state");
  if (unproven.all("state").length > 1 || (rawState?.length ?? 0) > maxStateLength)
    throw new OAuthError("invalid_request", `state may occur once, with at most ${maxStateLength} bytes.`);

  // 3. Everything else: from here on errors go to the redirect URI.
  const redirect: ProvenRedirect = { uri: redirectUri, rawState };
  const parameters = toRequestParameters(query, redirect);
  return {
    secret: newToken(),
    clientId: client.storedId,
    redirectUri,
    redirectHost: toRedirectHost(redirectUri),
    codeChallenge: requireCodeChallenge(parameters, redirect, deps.config),
    rawState,
    level: toRequestedLevel(parameters.get("scope")),
  };
}

/** Checks the remaining parameters and returns the code challenge. */
function requireCodeChallenge(
  parameters: RequestParameters,
  redirect: ProvenRedirect,
  config: Pick<Config, "publicUrl">,
): string {
  const refuse = (code: OAuthErrorCode, description: string) =>
    new OAuthError(code, description, { redirect });
  const responseType = parameters.get("response_type");
  if (responseType === undefined) throw refuse("invalid_request", "response_type is missing.");
  if (responseType !== "code") throw refuse("unsupported_response_type", "response_type must be code.");
  if ((parameters.get("response_mode") ?? "query") !== "query")
    throw refuse("invalid_request", "response_mode must be query.");
  const codeChallenge = parameters.get("code_challenge");
  // RFC 7636 section 4.4.1. Without a method the challenge would be plain (section 4.3), which proves nothing
  // against somebody who can read the request.
  if (codeChallenge === undefined) throw refuse("invalid_request", "code_challenge is missing.");
  if (parameters.get("code_challenge_method") !== "S256")
    throw refuse("invalid_request", "code_challenge_method must be S256.");
  if (!/^[\w-]{43}$/.test(codeChallenge))
    throw refuse("invalid_request", "code_challenge must be 43 characters of base64url.");
  // RFC 8707 section 2.2: a code is bound to its resource. There is only one resource, so the code need not store it.
  if (!parameters.all("resource").every((resource) => isAcceptedResource(resource, config)))
    throw refuse("invalid_target", "resource is not this server.");
  return codeChallenge;
}

/** Maps `scope` to the level preselected in the form. Unknown scopes are ignored (RFC 6749 section 3.3). */
function toRequestedLevel(scope: string | undefined): Extract<Level, "read" | "send"> {
  const scopes = (scope ?? "").split(" ");
  return scopes.includes("email:read") && !scopes.includes("email:write") ? "read" : "send";
}

/** Finds a parameter in a raw query; the value stays percent-encoded, so that `state` is returned byte for byte. */
function findRawParameter(search: string, name: string): string | undefined {
  const part = search
    .replace(/^\?/, "")
    .split("&")
    .find((pair) => pair.startsWith(`${name}=`));
  const value = part?.slice(name.length + 1);
  return value === "" ? undefined : value;
}

const purpose = "authorization request";

/** Seals a request into an opaque form field that expires after `requestLifetimeMs`. */
export function sealRequest(secrets: Secrets, clock: Clock, request: AuthorizationRequest): string {
  const sealed: z.infer<typeof sealedRequest> = { ...request, expiresAt: clock.now() + requestLifetimeMs };
  return secrets.sealValue(purpose, sealed);
}

/** Opens the sealed request of a form. Returns undefined when it is forged or expired. */
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
