/**
 * With ALLOWED_EMAILS the door is open to some addresses only, and a login must prove the address. Whoever types the
 * servers can type one of his own, where every login works: a typed server proves an address only when it is the
 * operator's own, the address's domain's, or the one that belongs to the address anyway. And the part before @ is a
 * name of its own at each company: who may log in as `ann` at iCloud is ann@icloud.com, and not ann@example.org.
 */
import ipaddr from "ipaddr.js";
import type { Config } from "../config.ts";
import type { Found } from "../providers/discover.ts";
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

/** For typed servers. Throws ConnectError permission_missing. `findServers` is asked only where nothing else tells. */
export async function requireProof(
  address: string,
  { imap, usernames }: Pick<Servers, "imap" | "usernames">,
  config: Pick<Config, "allowedEmails" | "allowPrivateHosts">,
  findServers: () => Promise<Found>,
): Promise<void> {
  if (config.allowedEmails.length === 0 || isOpened(imap.host, config.allowPrivateHosts)) return;
  const localPart = address.slice(0, address.lastIndexOf("@"));
  const domain = toDomain(address);
  const isOwnHost = imap.host === domain || imap.host.endsWith(`.${domain}`);
  // On the right server a login as somebody else proves somebody else.
  const isOwnName = usernames.every((name) => name === address || (isOwnHost && name === localPart));
  if (isOwnName && (isOwnHost || (await findServers()).imap.host === imap.host)) return;
  throw new ConnectError("permission_missing", "This server does not prove that the address is yours.", {
    field: "imap_host",
    side: "imap",
    hint: "Leave the servers to be found from your address, or ask whoever runs this server.",
  });
}

function toDomain(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}

/** Whether the operator named this host, by name, address or CIDR. */
function isOpened(host: string, allowPrivateHosts: readonly string[]): boolean {
  return allowPrivateHosts.some((entry) => {
    if (entry.toLowerCase() === host) return true;
    if (!ipaddr.isValidCIDR(entry) || !ipaddr.isValid(host)) return false;
    const [range, bits] = ipaddr.parseCIDR(entry);
    const address = ipaddr.process(host);
    return range.kind() === address.kind() && address.match(range, bits);
  });
}
