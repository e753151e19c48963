/** The issuer at which a person opens a mailbox, and the scopes to ask for. */
import type { Level } from "../grant.ts";
import type { DiscoveredServers } from "../providers/discover.ts";
import type { Issuer } from "./issuer.ts";

/**
 * Finds the issuer of an address: by its domain, its mail company, or the issuer and servers that its domain names.
 * Undefined when the operator has configured none of them. `chosen`: the preset that the person chose, if any.
 */
export function findIssuer(
  issuers: readonly Issuer[],
  { address, chosen, found }: { address: string; chosen: string; found?: DiscoveredServers | undefined },
): Issuer | undefined {
  const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
  const preset = chosen === "" ? found?.provider : chosen;
  return (
    issuers.find(({ domains }) => domains.includes(domain)) ??
    issuers.find(({ presets }) => preset !== undefined && presets.includes(preset)) ??
    (chosen === "" && found ? findPublished(issuers, found) : undefined)
  );
}

/** The token goes to the issuer's own servers whatever a domain publishes: it only leads to the issuer. */
function findPublished(issuers: readonly Issuer[], found: DiscoveredServers): Issuer | undefined {
  return issuers.find(
    ({ url, imap }) => imap.host === found.imap.host || new URL(url).hostname === found.issuerHost,
  );
}

/** True for levels at which email is sent. */
export const includesSending = (level: Level): boolean => level !== "read" && level !== "organise";

/** Returns the scopes of a sign-in: the sending ones only where the level sends. */
export function toScopes(issuer: Issuer, level: Level): readonly string[] {
  return includesSending(level) ? [...issuer.scopes, ...issuer.sendingScopes] : issuer.scopes;
}

/** Scopes that open no mailbox: OpenID Connect's own (Core section 5.4 and 11). */
const identityScopes: ReadonlySet<string> = new Set(["openid", "email", "profile", "offline_access"]);

/** Tells whether all mailbox scopes of `wanted` were granted. `granted`: undefined when all that were asked for are. */
export function hasScopes(granted: readonly string[] | undefined, wanted: readonly string[]): boolean {
  if (granted === undefined) return true;
  return wanted.every((scope) => identityScopes.has(scope) || granted.includes(scope.toLowerCase()));
}
