/**
 * Redirect URIs: the callbacks of the accepted programs and those the operator added, compared as strings (RFC 9700
 * section 2.1). Only the port of a loopback redirect is free (RFC 8252 section 7.3).
 */
import type { Config } from "../config.ts";
import { type ClientFamily, parseLoopback, usesRedirect } from "./known-clients.ts";

/** Tells whether a client of an open family, or of the operator's own choice, may use this redirect URI. */
export function isAcceptedRedirect(
  uri: string,
  { open, allowedRedirectUris }: Pick<Config, "allowedRedirectUris"> & { open: readonly ClientFamily[] },
): boolean {
  return open.some((family) => usesRedirect(family, uri)) || allowedRedirectUris.includes(uri);
}

/** Compares a requested redirect URI with a registered one; of loopback redirects the port may differ. */
export function isSameRedirect(registered: string, requested: string): boolean {
  if (registered === requested) return true;
  const [one, other] = [parseLoopback(registered), parseLoopback(requested)];
  return one !== undefined && other !== undefined && one.host === other.host && one.path === other.path;
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
