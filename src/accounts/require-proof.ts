/**
 * With ALLOWED_EMAILS the door is open to some addresses only, and a login must prove the address. Whoever types the
 * servers can type one of his own, where every login works: a typed server proves an address only when it is the
 * operator's own, the address's domain's, or the one that belongs to the address anyway. And the part before @ is a
 * name of its own at each company: who may log in as `ann` at iCloud is ann@icloud.com, and not ann@example.org.
 */
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { createHostList } from "../host-list.ts";
import type { Outbound } from "../outbound.ts";
import type { DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import { ConnectError } from "./connect-error.ts";
import type { Servers } from "./connect-servers.ts";

/** The user names that prove the address; of typed servers, which `requireProof` judges, all. */
export function toProvingNames(
  address: string,
  { provider, usernames, typed }: Pick<Servers, "provider" | "usernames" | "typed">,
  { allowedEmails }: Pick<Config, "allowedEmails">,
): readonly string[] {
  const company = typed ? undefined : findPreset(provider);
  if (allowedEmails.length === 0 || !company || company.domains.includes(toDomain(address))) return usernames;
  return [address];
}

/**
 * Judges servers that a person typed. Throws ConnectError permission_missing. Resolves to the login that is the proof:
 * `openedOnly` where the server is taken for the operator's own because its name resolves to an address that
 * ALLOW_PRIVATE_HOSTS covers; the login must then be made to such an address (DNS rebinding).
 */
export async function requireProof(
  address: string,
  { imap, usernames }: Pick<Servers, "imap" | "usernames">,
  config: Pick<Config, "allowedEmails" | "allowPrivateHosts">,
  deps: { findServers: () => Promise<DiscoveredServers>; vetOpened: Outbound["vetOpened"] },
): Promise<{ openedOnly: boolean }> {
  const opened = createHostList(config.allowPrivateHosts);
  if (config.allowedEmails.length === 0 || opened.hasHost(imap.host)) return { openedOnly: false };
  const localPart = address.slice(0, address.lastIndexOf("@"));
  const domain = toDomain(address);
  const isOwnHost = imap.host === domain || imap.host.endsWith(`.${domain}`);
  // On the right server a login as somebody else proves somebody else.
  const isOwnName = usernames.every((name) => name === address || (isOwnHost && name === localPart));
  if (isOwnName && (isOwnHost || (await deps.findServers()).imap.host === imap.host))
    return { openedOnly: false };
  if (opened.hasNetworks && (await isVetted(deps.vetOpened(imap)))) return { openedOnly: true };
  throw new ConnectError("permission_missing", "This server does not prove that the address is yours.", {
    field: "imap_host",
    side: "imap",
    hint: "Leave the servers to be found from your address, or ask whoever runs this server.",
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

function toDomain(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}
