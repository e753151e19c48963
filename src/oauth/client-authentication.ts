/** Client authentication at the token and revocation endpoints (RFC 6749 section 2.3). */
import type { Context } from "hono";
import type { Client, Clients } from "./clients.ts";
import { OAuthError } from "./oauth-error.ts";
import type { RequestParameters } from "./request-parameters.ts";

/**
 * Authenticates the client by client_secret_post, HTTP Basic or, for a public client, its id alone.
 * Throws OAuthError invalid_client or invalid_request.
 */
export function authenticateClient(c: Context, parameters: RequestParameters, clients: Clients): Client {
  const presented = readCredentials(c, parameters);
  const client = presented.id === undefined ? undefined : clients.find(presented.id);
  const isAuthenticated =
    client !== undefined &&
    (client.matchesSecret === undefined ||
      (presented.secret !== undefined && client.matchesSecret(presented.secret)));
  if (!isAuthenticated)
    throw new OAuthError("invalid_client", "The client is unknown, or its secret is missing or wrong.", {
      basic: presented.basic,
    });
  return client;
}

type ClientCredentials = { id: string | undefined; secret: string | undefined; basic: boolean };

function readCredentials(c: Context, parameters: RequestParameters): ClientCredentials {
  const id = parameters.get("client_id");
  const secret = parameters.get("client_secret");
  const header = c.req.header("Authorization");
  if (header === undefined) return { id, secret, basic: false };
  const basic = parseBasicCredentials(header);
  if (!basic) throw new OAuthError("invalid_client", "Authorization is not HTTP Basic.", { basic: true });
  // RFC 6749 section 2.3: at most one authentication method per request.
  if (secret !== undefined || (id !== undefined && id !== basic.id))
    throw new OAuthError("invalid_request", "The client authenticates in two ways at once.");
  return { ...basic, basic: true };
}

/** Parses HTTP Basic credentials. Id and secret are form-encoded before they are joined (RFC 6749 section 2.3.1). */
function parseBasicCredentials(header: string): { id: string; secret: string } | undefined {
  const encoded = /^Basic +([\w+/-]{1,4096}={0,2})$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const joined = Buffer.from(encoded, "base64").toString("utf8");
  const colon = joined.indexOf(":");
  if (colon < 1) return undefined;
  const decode = (text: string) => decodeURIComponent(text.replaceAll("+", " "));
  try {
    return { id: decode(joined.slice(0, colon)), secret: decode(joined.slice(colon + 1)) };
  } catch {
    return undefined;
  }
}
