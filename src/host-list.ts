/**
 * The operator's lists of hosts, ALLOW_PRIVATE_HOSTS and TRUSTED_PROXIES: one grammar and one matcher for every reader.
 *
 * An entry is a DNS name, an IP address or a CIDR. Names match in any case, with or without the final dot. Addresses
 * are written in strict notation only (four decimal parts, or IPv6 without a zone), since other spellings of IPv4
 * such as `127.1` mean different addresses to different systems. IPv4-mapped IPv6 matches as IPv4.
 */
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";

export type IpAddress = ReturnType<typeof ipaddr.parse>;

type Network = { base: IpAddress; prefixBits: number };

type HostList = {
  /** Some entry is an address or a CIDR, so that an unlisted name can resolve into the list. */
  hasNetworks: boolean;
  /** Matches a host as somebody wrote it: a name, an address, or an address in brackets. Names are not resolved. */
  hasHost(host: string): boolean;
  hasAddress(address: IpAddress): boolean;
};

/** Parses entries that passed `isHostEntry`; others match nothing. */
export function createHostList(entries: readonly string[]): HostList {
  const networks = entries.flatMap((entry) => parseNetwork(entry) ?? []);
  const names = new Set(entries.filter((entry) => isName(entry)).map(toComparableName));
  const hasAddress = (address: IpAddress) =>
    networks.some(
      ({ base, prefixBits }) => base.kind() === address.kind() && address.match(base, prefixBits),
    );
  return {
    hasNetworks: networks.length > 0,
    hasHost(host) {
      const address = parseIpAddress(host.replace(/^\[([^[\]]+)\]$/, "$1"));
      return address ? hasAddress(address) : names.has(toComparableName(host));
    },
    hasAddress,
  };
}

/** Accepts a name, an address or a CIDR. */
export function isHostEntry(text: string): boolean {
  return isNetworkEntry(text) || isName(text);
}

/** Accepts an address or a CIDR. */
export function isNetworkEntry(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

/** Parses strict notation, IPv4-mapped addresses to IPv4. Undefined for anything else. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (text.includes(":") && !text.includes("%") && ipaddr.IPv6.isValid(text)) return ipaddr.process(text);
  return undefined;
}

/** Parses an address (a network of one) or a CIDR. */
function parseNetwork(text: string): Network | undefined {
  const [, baseText = "", prefixText] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const base = parseIpAddress(baseText);
  if (!base) return undefined;
  const writtenBits = baseText.includes(":") ? 128 : 32;
  const prefix = prefixText === undefined ? writtenBits : Number(prefixText);
  // The prefix of an IPv4-mapped network counts from the start of its IPv6 form.
  const prefixBits = prefix - (base.kind() === "ipv4" ? writtenBits - 32 : 0);
  return prefix > writtenBits || prefixBits < 0 ? undefined : { base, prefixBits };
}

/** A last label that reads as a number belongs to a spelling of an IPv4 address, never to a name. */
function isName(text: string): boolean {
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(text) && !/(^|\.)(\d+|0x[0-9a-f]*)\.?$/i.test(text);
}

function toComparableName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII is the point
  const ascii = /^[\x00-\x7f]*$/.test(name) ? name.toLowerCase() : domainToASCII(name);
  return ascii.replace(/\.$/, "");
}
