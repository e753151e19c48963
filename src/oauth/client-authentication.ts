/** Which client a token, revocation or other direct request comes from (RFC 6749 2.3). */
import type { Context } from "hono";
import type { Client, Clients } from "./clients.ts";
import { OAuthError } from "./oauth-error.ts";
import type { Fields } from "./request-parameters.ts";

/** Secret in the body, HTTP Basic, or none for a public client. Throws OAuthError invalid_client, invalid_request. */
export function requireClient(c: Context, fields: Fields, clients: Clients): Client {
  const presented = readCredentials(c, fields);
  const client = presented.id === undefined ? undefined : clients.find(presented.id);
  const isProven =
    client !== undefined &&
    (client.hasSecret === undefined ||
      (presented.secret !== undefined && client.hasSecret(presented.secret)));
  if (!isProven)
    throw new OAuthError("invalid_client", "The client is unknown, or its secret is missing or wrong.", {
      basic: presented.basic,
    });
  return client;
}

type Presented = { id: string | undefined; secret: string | undefined; basic: boolean };

function readCredentials(c: Context, fields: Fields): Presented {
  const id = fields.get("client_id");
  const secret = fields.get("client_secret");
  const header = c.req.header("Authorization");
  if (header === undefined) return { id, secret, basic: false };
  const basic = readBasic(header);
  if (!basic) throw new OAuthError("invalid_client", "Authorization is not HTTP Basic.", { basic: true });
  // RFC 6749 2.3: one method a request.
  if (secret !== undefined || (id !== undefined && id !== basic.id))
    throw new OAuthError("invalid_request", "The client authenticates in two ways at once.");
  return { ...basic, basic: true };
}

/** Id and secret, each form-encoded before it was joined (RFC 6749 2.3.1). */
function readBasic(header: string): { id: string; secret: string } | undefined {
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
