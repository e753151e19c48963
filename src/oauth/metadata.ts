/** The discovery documents. They depend on the public URL alone, never on the Host header of a request. */
import type { Config } from "../config.ts";
import type { Level } from "../grant.ts";

export const scopes = ["email:read", "email:write"] as const;

/** Returns the scope of a level. "organise", "approve" and "send" share a scope; the list of tools tells the first apart. */
export function toTokenScope(level: Level): string {
  return level === "read" ? "email:read" : scopes.join(" ");
}

/**
 * Authorization server metadata (RFC 8414 section 2), with `iss` in responses (RFC 9207) and the client ID metadata
 * documents of the MCP specification.
 */
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

/** Protected resource metadata (RFC 9728 section 2). */
export function toResourceMetadata({ publicUrl }: Pick<Config, "publicUrl">) {
  return {
    resource: `${publicUrl}/mcp`,
    authorization_servers: [publicUrl],
    scopes_supported: scopes,
    bearer_methods_supported: ["header"],
    resource_name: "email-connector",
  };
}

/** Tells whether a `resource` (RFC 8707) names this server: the MCP endpoint or the origin, each with or without "/". */
export function isAcceptedResource(resource: string, { publicUrl }: Pick<Config, "publicUrl">): boolean {
  return [publicUrl, `${publicUrl}/`, `${publicUrl}/mcp`, `${publicUrl}/mcp/`].includes(resource);
}
