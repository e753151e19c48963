/**
 * With ALLOWED_EMAILS the door is open to some addresses only, and a login must prove the address. Whoever types the
 * servers can type one of his own, where every login works: a typed server proves an address only when it is the
 * operator's own, the address's domain's, or the one that belongs to the address anyway.
 */
import ipaddr from "ipaddr.js";
import type { Config } from "../config.ts";
import type { Found } from "../providers/discover.ts";
import { ConnectError } from "./connect-error.ts";
import type { Servers } from "./connect-servers.ts";

/** Throws ConnectError permission_missing. `findServers` is asked only where nothing else tells. */
export async function requireProof(
  address: string,
  { imap, usernames }: Pick<Servers, "imap" | "usernames">,
  config: Pick<Config, "allowedEmails" | "allowPrivateHosts">,
  findServers: () => Promise<Found>,
): Promise<void> {
  if (config.allowedEmails.length === 0 || isOpened(imap.host, config.allowPrivateHosts)) return;
  const split = address.lastIndexOf("@");
  const domain = address.slice(split + 1).toLowerCase();
  // On the right server a login as somebody else proves somebody else.
  const isOwnName = usernames.every((name) => name === address || name === address.slice(0, split));
  const isOwnHost = imap.host === domain || imap.host.endsWith(`.${domain}`);
  if (isOwnName && (isOwnHost || (await findServers()).imap.host === imap.host)) return;
  throw new ConnectError("permission_missing", "This server does not prove that the address is yours.", {
    field: "imap_host",
    side: "imap",
    hint: "Leave the servers to be found from your address, or ask whoever runs this server.",
  });
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
