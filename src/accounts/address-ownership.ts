/**
 * Proof that an address belongs to the person who logs in, which ALLOWED_EMAILS requires.
 *
 * A person can enter a server of their own, which accepts every login. An entered server therefore proves an address
 * only when it is the operator's, belongs to the address's domain, or is the one discovered for the address. A local
 * part alone proves nothing about another domain: a login as `ann` at iCloud proves ann@icloud.com, and not
 * ann@example.org.
 */
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { createHostList } from "../host-list.ts";
import type { Outbound } from "../outbound/outbound.ts";
import type { DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import { ConnectError } from "./connect-error.ts";
import type { LoginServers } from "./server-resolution.ts";

/** Selects the user names that prove the address; all of them for entered servers, which `requireAddressOwnership` checks. */
export function selectUsernames(
  address: string,
  { provider, usernames, enteredByUser }: Pick<LoginServers, "provider" | "usernames" | "enteredByUser">,
  { allowedEmails }: Pick<Config, "allowedEmails">,
): readonly string[] {
  const preset = enteredByUser ? undefined : findPreset(provider);
  if (allowedEmails.length === 0 || !preset || preset.domains.includes(toLowerDomain(address)))
    return usernames;
  return [address];
}

/**
 * Checks entered servers. Throws ConnectError permission_missing when a login there does not prove the address.
 *
 * Resolves with `openedOnly: true` where the server counts as the operator's because its name resolves to an address
 * that ALLOW_PRIVATE_HOSTS covers: the login must then go to such an address (DNS rebinding). `findServers` is called
 * only when host and user name do not decide it.
 */
export async function requireAddressOwnership(
  address: string,
  { imap, usernames }: Pick<LoginServers, "imap" | "usernames">,
  config: Pick<Config, "allowedEmails" | "allowPrivateHosts">,
  deps: { findServers: () => Promise<DiscoveredServers>; vetOpened: Outbound["vetOpened"] },
): Promise<{ openedOnly: boolean }> {
  const opened = createHostList(config.allowPrivateHosts);
  if (config.allowedEmails.length === 0 || opened.hasHost(imap.host)) return { openedOnly: false };
  const localPart = address.slice(0, address.lastIndexOf("@"));
  const domain = toLowerDomain(address);
  const isOwnHost = imap.host === domain || imap.host.endsWith(`.${domain}`);
  // On the right server, a login under another name proves another address.
  const isOwnName = usernames.every((name) => name === address || (isOwnHost && name === localPart));
  if (isOwnName && (isOwnHost || (await deps.findServers()).imap.host === imap.host))
    return { openedOnly: false };
  if (opened.hasNetworks && (await isVetted(deps.vetOpened(imap)))) return { openedOnly: true };
  throw new ConnectError("permission_missing", "This server does not prove that the address is yours.", {
    field: "imap_host",
    side: "imap",
    hint: "Let the servers be found from your address, or ask the operator of this server.",
  });
}

async function isVetted(vetting: Promise<unknown>): Promise<boolean> {
  try {
    await vetting;
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

function toLowerDomain(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}
