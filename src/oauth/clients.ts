/**
 * OAuth clients: the operator's own, those of accepted programs that identify themselves by a client ID metadata
 * document, and registered ones. No registration is stored: the client id is the sealed registration, so that
 * registering cannot fill a disk.
 */
import { z } from "zod";
import type { Config } from "../config.ts";
import { createSecrets, hashSecret, sameSecret } from "../secrets.ts";
import { type ClosedClient, findDocument, toFamilies, usesRedirect } from "./known-clients.ts";
import { OAuthError } from "./oauth-error.ts";
import { isAcceptedRedirect, isSameRedirect } from "./redirects.ts";

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
  config: Pick<Config, "allowedRedirectUris" | "acceptedClients">;
  client: { id: string; secret: string };
  registrationKey: Uint8Array;
}) {
  const { config, client } = deps;
  const sealing = createSecrets([deps.registrationKey]);

  const { open, closed } = toFamilies(config.acceptedClients);
  const accepted = { open, allowedRedirectUris: config.allowedRedirectUris };

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
          isAcceptedRedirect(uri, accepted) &&
          redirects.some((registered) => isSameRedirect(registered, uri)),
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
          allowsRedirect: (uri) => isAcceptedRedirect(uri, accepted),
          matchesSecret: (secret) => sameSecret(secret, client.secret),
        };
      // A metadata document is built in and never fetched: fetching would let anybody make this server send requests to
      // any host, and the family's redirects bound what a client with this id can do.
      const document = open.map((family) => findDocument(family, id)).find((found) => found !== undefined);
      if (document) return { storedId: id, allowsRedirect: (uri) => usesRedirect(document, uri) };
      return id.startsWith(registeredPrefix) ? findRegistered(id) : undefined;
    },

    /** Finds the known program of this client id, or of one of these redirects, that is not accepted. */
    findClosed({
      id = "",
      redirects = [],
    }: {
      id?: string;
      redirects?: readonly string[];
    }): ClosedClient | undefined {
      const found = closed.find(
        (family) =>
          findDocument(family, id) !== undefined || redirects.some((uri) => usesRedirect(family, uri)),
      );
      const setting = `ACCEPTED_CLIENTS=${[...config.acceptedClients, found?.id].join(",")}`;
      return found && { id: found.id, name: found.name, setting };
    },

    /**
     * Registers a client: maps the request's JSON to the client information response (RFC 7591 section 3.2.1).
     * Throws OAuthError invalid_redirect_uri or invalid_client_metadata.
     */
    register(metadata: unknown, issuedAtSeconds: number): Record<string, unknown> {
      const { redirects: requested, confidential, clientName } = requireMetadata(metadata);
      // RFC 7591 section 3.2.1: the server may register less than was asked for, and says what it registered.
      const redirects = requested.filter((uri) => isAcceptedRedirect(uri, accepted));
      if (redirects.length === 0) throw refuseRedirects(this.findClosed({ redirects: requested }));
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

/** The refusal of a client none of whose redirects is accepted, with its remedy. */
function refuseRedirects(closed: ClosedClient | undefined): OAuthError {
  const remedy =
    closed === undefined
      ? "No redirect is on this server's list; its operator can add it to ALLOWED_REDIRECT_URIS."
      : `${closed.name} is not let in by this server; its operator can add ${closed.id} to ACCEPTED_CLIENTS.`;
  return new OAuthError("invalid_redirect_uri", remedy, { closed });
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
