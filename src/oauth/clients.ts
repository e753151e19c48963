/**
 * Who may ask for permission: the operator's own client, the two programs of Claude that name themselves by the
 * address of a document, and whoever registered. A registration is kept nowhere: the client id is the registration,
 * sealed, so that nobody can fill a disk with them.
 */
import { z } from "zod";
import type { Config } from "../config.ts";
import { createSecrets, hashSecret, sameSecret } from "../secrets.ts";
import { OAuthError } from "./oauth-error.ts";
import { claudeRedirects, isAcceptedRedirect, isLoopbackRedirect, isSameRedirect } from "./redirects.ts";

export type Client = {
  /** What a grant remembers it by: short, also for a registered client. */
  key: string;
  redirectsTo(uri: string): boolean;
  /** Absent for a public client. */
  hasSecret?: (secret: string) => boolean;
};

/** RFC 7591 2, as far as it changes what we do. */
const registrationRequest = z.object({
  redirect_uris: z.array(z.string().max(512)).min(1).max(10),
  token_endpoint_auth_method: z.string().max(64).optional(),
  client_name: z.string().max(200).optional().catch(undefined),
});

/** What a client id of a registered client unseals to. */
const registration = z.object({ redirects: z.array(z.string()), confidential: z.boolean() });

const registered = "reg_";
const purpose = "client registration";

export type Clients = ReturnType<typeof createClients>;

export function createClients(deps: {
  config: Pick<Config, "allowedRedirectUris">;
  /** The operator's own client. */
  client: { id: string; secret: string };
  /** 32 bytes. */
  registrationKey: Uint8Array;
}) {
  const { config, client } = deps;
  const sealing = createSecrets([deps.registrationKey]);

  /**
   * Client id metadata documents, known by heart and never fetched: a fetch would be a stranger's way to make us
   * ask any host anything, and these two are all there is need for.
   */
  const documents: Readonly<Record<string, Client["redirectsTo"]>> = {
    "https://claude.ai/oauth/mcp-oauth-client-metadata": (uri) => claudeRedirects.includes(uri),
    "https://claude.ai/oauth/claude-code-client-metadata": isLoopbackRedirect,
  };

  const toSecret = (id: string) => sealing.keyedHash("client secret", id);

  function findRegistered(id: string): Client | undefined {
    try {
      const { redirects, confidential } = registration.parse(
        sealing.unsealValue(purpose, id.slice(registered.length)),
      );
      return {
        key: `${registered}${hashSecret(id)}`,
        redirectsTo: (uri) => redirects.some((named) => isSameRedirect(named, uri)),
        ...(confidential ? { hasSecret: (secret: string) => sameSecret(secret, toSecret(id)) } : {}),
      };
    } catch {
      return undefined;
    }
  }

  return {
    /** The client of that id. Whether a redirect is accepted at all is asked too: lists may have become shorter. */
    find(id: string): Client | undefined {
      if (id === client.id)
        return {
          key: id,
          redirectsTo: (uri) => isAcceptedRedirect(uri, config),
          hasSecret: (secret) => sameSecret(secret, client.secret),
        };
      const redirectsTo = Object.hasOwn(documents, id) ? documents[id] : undefined;
      if (redirectsTo) return { key: id, redirectsTo };
      const found = id.startsWith(registered) ? findRegistered(id) : undefined;
      if (!found) return undefined;
      return {
        ...found,
        redirectsTo: (uri) => isAcceptedRedirect(uri, config) && found.redirectsTo(uri),
      };
    },

    /** RFC 7591 3.2.1: the answer to a registration. Throws OAuthError invalid_redirect_uri, invalid_client_metadata. */
    register(asked: unknown, issuedAtSeconds: number): Record<string, unknown> {
      const parsed = registrationRequest.safeParse(asked);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        const isRedirect = issue?.path[0] === "redirect_uris";
        throw new OAuthError(
          isRedirect ? "invalid_redirect_uri" : "invalid_client_metadata",
          isRedirect
            ? "redirect_uris must be a list of 1 to 10 addresses."
            : "The metadata is not that of a client.",
        );
      }
      const { redirect_uris: redirects, token_endpoint_auth_method: method, client_name } = parsed.data;
      if (!redirects.every((uri) => isAcceptedRedirect(uri, config)))
        throw new OAuthError(
          "invalid_redirect_uri",
          "A redirect is not on this server's list; its operator can add it.",
        );
      const confidential = method !== "none";
      const id = `${registered}${sealing.sealValue(purpose, { redirects, confidential })}`;
      return {
        client_id: id,
        client_id_issued_at: issuedAtSeconds,
        ...(confidential ? { client_secret: toSecret(id), client_secret_expires_at: 0 } : {}),
        ...(client_name === undefined ? {} : { client_name }),
        redirect_uris: redirects,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: confidential ? "client_secret_post" : "none",
      };
    },
  };
}
