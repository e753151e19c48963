/**
 * Where a code may be sent: the callbacks of Claude's clients and what the operator added, compared as strings
 * (RFC 9700 2.1). Only a port of the loopback interface is free (RFC 8252 7.3).
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

/** A program on the person's own machine, Claude Code among them, listening on a port it just got. */
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::([1-9]\d{0,4}))?\/callback$/;

export function isLoopbackRedirect(uri: string): boolean {
  const match = loopback.exec(uri);
  return match !== null && Number(match[2] ?? 80) <= 65_535;
}

/** Whether anybody at all may be sent there. */
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

/** Whether a redirect is the one a client named for itself; on the loopback interface, up to the port. */
export function isSameRedirect(named: string, asked: string): boolean {
  if (named === asked) return true;
  if (!isLoopbackRedirect(named) || !isLoopbackRedirect(asked)) return false;
  return loopback.exec(named)?.[1] === loopback.exec(asked)?.[1];
}

/** Whom a person gives access, as a page and the operator's list show it. */
export function toRedirectHost(uri: string): string {
  const url = new URL(uri);
  return url.host === "" ? url.protocol : url.host;
}

/** The redirect with an answer for the client. `rawState` goes back byte for byte, as it stood in the query. */
export function toAnsweredRedirect(
  uri: string,
  answer: Readonly<Record<string, string>>,
  rawState: string | undefined,
): string {
  const state = rawState === undefined ? "" : `&state=${rawState}`;
  return `${uri}${uri.includes("?") ? "&" : "?"}${new URLSearchParams(answer)}${state}`;
}
