/**
 * OAuth clients: the operator's own, the two Claude clients that identify themselves by a client ID metadata
 * document, and registered ones. No registration is stored: the client id is the sealed registration, so that
 * registering cannot fill a disk.
 */
import { z } from "zod";
import type { Config } from "../config.ts";
import { createSecrets, hashSecret, sameSecret } from "../secrets.ts";
import { OAuthError } from "./oauth-error.ts";
import { claudeRedirects, isAcceptedRedirect, isLoopbackRedirect, isSameRedirect } from "./redirects.ts";

export type Client = {
  /** The identifier stored with a grant: the client id, or a hash of it for a registered client. */
  storedId: string;
  allowsRedirect(uri: string): boolean;
  /** Compares a presented client secret; undefined for a public client. */
  matchesSecret?: ((secret: string) => boolean) | undefined;
};

/** The client metadata (RFC 7591 section 2) that affects the registration. */
const registrationRequest = z.object({
  redirect_uris: z.array(z.string().max(512)).min(1).max(10),
  token_endpoint_auth_method: z.string().max(64).optional(),
  client_name: z.string().max(200).optional().catch(undefined),
});

/** The content of a registered client's id. */
const registration = z.object({ redirects: z.array(z.string()), confidential: z.boolean() });

const registeredPrefix = "reg_";
const purpose = "client registration";

export type Clients = ReturnType<typeof createClients>;

/** Creates the client registry. `client`: the operator's own client. `registrationKey`: 32 bytes. */
export function createClients(deps: {
  config: Pick<Config, "allowedRedirectUris">;
  client: { id: string; secret: string };
  registrationKey: Uint8Array;
}) {
  const { config, client } = deps;
  const sealing = createSecrets([deps.registrationKey]);

  /**
   * The accepted client ID metadata documents. They are built in and never fetched: fetching would let anybody make
   * this server send requests to any host, and no other document is needed.
   */
  const metadataDocuments: Readonly<Record<string, Client["allowsRedirect"]>> = {
    "https://claude.ai/oauth/mcp-oauth-client-metadata": (uri) => claudeRedirects.includes(uri),
    "https://claude.ai/oauth/claude-code-client-metadata": isLoopbackRedirect,
  };

  const toClientSecret = (id: string) => sealing.keyedHash("client secret", id);

  function findRegistered(id: string): Client | undefined {
    try {
      const { redirects, confidential } = registration.parse(
        sealing.unsealValue(purpose, id.slice(registeredPrefix.length)),
      );
      return {
        storedId: `${registeredPrefix}${hashSecret(id)}`,
        // The operator may have shortened the list of accepted redirect URIs since the registration.
        allowsRedirect: (uri) =>
          isAcceptedRedirect(uri, config) && redirects.some((registered) => isSameRedirect(registered, uri)),
        matchesSecret: confidential ? (secret) => sameSecret(secret, toClientSecret(id)) : undefined,
      };
    } catch {
      return undefined;
    }
  }

  return {
    find(id: string): Client | undefined {
      if (id === client.id)
        return {
          storedId: id,
          allowsRedirect: (uri) => isAcceptedRedirect(uri, config),
          matchesSecret: (secret) => sameSecret(secret, client.secret),
        };
      const allowsRedirect = Object.hasOwn(metadataDocuments, id) ? metadataDocuments[id] : undefined;
      if (allowsRedirect) return { storedId: id, allowsRedirect };
      return id.startsWith(registeredPrefix) ? findRegistered(id) : undefined;
    },

    /**
     * Registers a client: maps the request's JSON to the client information response (RFC 7591 section 3.2.1).
     * Throws OAuthError invalid_redirect_uri or invalid_client_metadata.
     */
    register(metadata: unknown, issuedAtSeconds: number): Record<string, unknown> {
      const { redirects, confidential, clientName } = requireMetadata(metadata);
      if (!redirects.every((uri) => isAcceptedRedirect(uri, config)))
        throw new OAuthError(
          "invalid_redirect_uri",
          "A redirect is not on this server's list; its operator can add it.",
        );
      const id = `${registeredPrefix}${sealing.sealValue(purpose, { redirects, confidential })}`;
      return {
        client_id: id,
        client_id_issued_at: issuedAtSeconds,
        client_secret: confidential ? toClientSecret(id) : undefined,
        client_secret_expires_at: confidential ? 0 : undefined,
        client_name: clientName,
        redirect_uris: redirects,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: confidential ? "client_secret_post" : "none",
      };
    },
  };
}

/** Reads client metadata. Every authentication method but "none" makes a confidential client. */
function requireMetadata(metadata: unknown) {
  const parsed = registrationRequest.safeParse(metadata);
  if (parsed.success) {
    const { redirect_uris, token_endpoint_auth_method, client_name } = parsed.data;
    return {
      redirects: redirect_uris,
      confidential: token_endpoint_auth_method !== "none",
      clientName: client_name,
    };
  }
  const [issue] = parsed.error.issues;
  if (issue?.path[0] === "redirect_uris")
    throw new OAuthError("invalid_redirect_uri", "redirect_uris must be a list of 1 to 10 addresses.");
  throw new OAuthError("invalid_client_metadata", "The metadata is not that of a client.");
}
