/** The discovery documents: constants of BASE, never of the request. */
import type { Config } from "../config.ts";
import type { Level } from "../grant.ts";

export const scopes = ["email:read", "email:write"] as const;

/** What a level gives, as the client sees it. Organising and sending are told apart by the tools listed. */
export function toSearchScope(level: Level): string {
  return level === "read" ? "email:read" : scopes.join(" ");
}

/** RFC 8414 section 2, with RFC 9207's iss and the client id metadata documents of the MCP specification. */
export function toServerMetadata({ publicUrl }: Pick<Config, "publicUrl">) {
  return {
    issuer: publicUrl,
    authorization_endpoint: `${publicUrl}/oauth/authorize`,
    token_endpoint: `${publicUrl}/oauth/token`,
    revocation_endpoint: `${publicUrl}/oauth/revoke`,
    registration_endpoint: `${publicUrl}/oauth/register`,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "none"],
    revocation_endpoint_auth_methods_supported: ["client_secret_post", "none"],
    scopes_supported: scopes,
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  };
}

/** RFC 9728 section 2. */
export function toResourceMetadata({ publicUrl }: Pick<Config, "publicUrl">) {
  return {
    resource: `${publicUrl}/mcp`,
    authorization_servers: [publicUrl],
    scopes_supported: scopes,
    bearer_methods_supported: ["header"],
    resource_name: "email-connector",
  };
}

/** What a client may name as `resource` (RFC 8707): the endpoint, with or without a slash, or the server. */
export function isOurResource(resource: string, { publicUrl }: Pick<Config, "publicUrl">): boolean {
  return [publicUrl, `${publicUrl}/`, `${publicUrl}/mcp`, `${publicUrl}/mcp/`].includes(resource);
}
