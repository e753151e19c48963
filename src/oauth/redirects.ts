/**
 * Redirect URIs: the callbacks of Claude's clients and those the operator added, compared as strings (RFC 9700
 * section 2.1). Only the port of a loopback redirect is free (RFC 8252 section 7.3).
 */
import type { Config } from "../config.ts";

export const claudeRedirects: readonly string[] = [
  "https://claude.ai/api/mcp/auth_callback",
  "https://claude.com/api/mcp/auth_callback",
];

const inspectorRedirects: readonly string[] = ["localhost", "127.0.0.1"].flatMap((host) => [
  `http://${host}:6274/oauth/callback`,
  `http://${host}:6274/oauth/callback/debug`,
  `http://${host}:6276/oauth/callback`,
]);

/** The callback of a native app such as Claude Code, on a port that the operating system assigned. */
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::([1-9]\d{0,4}))?\/callback$/;

export function isLoopbackRedirect(uri: string): boolean {
  const match = loopback.exec(uri);
  return match !== null && Number(match[2] ?? 80) <= 65_535;
}

/** Tells whether any client may use this redirect URI. */
export function isAcceptedRedirect(
  uri: string,
  { allowedRedirectUris }: Pick<Config, "allowedRedirectUris">,
): boolean {
  return (
    claudeRedirects.includes(uri) ||
    inspectorRedirects.includes(uri) ||
    isLoopbackRedirect(uri) ||
    allowedRedirectUris.includes(uri)
  );
}

/** Compares a requested redirect URI with a registered one; of loopback redirects the port may differ. */
export function isSameRedirect(registered: string, requested: string): boolean {
  if (registered === requested) return true;
  if (!isLoopbackRedirect(registered) || !isLoopbackRedirect(requested)) return false;
  return loopback.exec(registered)?.[1] === loopback.exec(requested)?.[1];
}

/** Returns the host (or, without one, the scheme) that pages and the operator's list show for a redirect URI. */
export function toRedirectHost(uri: string): string {
  const url = new URL(uri);
  return url.host === "" ? url.protocol : url.host;
}

/**
 * Builds the authorization response (RFC 6749 section 4.1.2): the redirect URI with `parameters` and `state` added to
 * its query. `rawState` is appended byte for byte.
 */
export function toResponseUrl(
  uri: string,
  parameters: Readonly<Record<string, string>>,
  rawState: string | undefined,
): string {
  const state = rawState === undefined ? "" : `&state=${rawState}`;
  return `${uri}${uri.includes("?") ? "&" : "?"}${new URLSearchParams(parameters)}${state}`;
}
