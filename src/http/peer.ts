/** Whom a request is counted against: the address it came from, as far as it is known for certain. */
import type { HonoRequest } from "hono";
import ipaddr from "ipaddr.js";
import type { Config } from "../config.ts";
import { createHostList, type IpAddress, parseIpAddress } from "../host-list.ts";
import type { AppEnv } from "./guard.ts";

/** Who calls: the socket's address, or what the operator's own proxies say of it. */
export function toPeerOf(
  c: { env: AppEnv["Bindings"]; var: Pick<AppEnv["Variables"], "arrived">; req: Pick<HonoRequest, "header"> },
  { trustedProxies }: Pick<Config, "trustedProxies">,
): string {
  const remote = c.env?.server?.requestIP(c.var.arrived)?.address;
  return toPeer(remote, c.req.header("X-Forwarded-For"), trustedProxies);
}

/**
 * Who calls, as a key to count by: an IPv4 address, or an IPv6 /64. `remote` is the socket's address.
 * X-Forwarded-For is read from its end, as far as the addresses are trusted proxies: what stands left of the first
 * other address was written by the caller and is not looked at.
 */
export function toPeer(
  remote: string | undefined,
  forwardedFor: string | null | undefined,
  trustedProxies: readonly string[],
): string {
  let peer = parsePeerAddress(remote);
  if (!peer) return "unknown";
  const proxies = createHostList(trustedProxies);
  const hops = (forwardedFor ?? "").split(",").map((hop) => hop.trim());
  while (hops.length > 0 && proxies.hasAddress(peer)) {
    const hop = parsePeerAddress(hops.pop());
    // A trusted proxy that wrote something else than an address: count the proxy rather than believe it.
    if (!hop) break;
    peer = hop;
  }
  return toPeerKey(peer);
}

function toPeerKey(peer: IpAddress): string {
  if (peer.kind() === "ipv4") return peer.toString();
  const network = [...peer.toByteArray().slice(0, 8), ...new Array<number>(8).fill(0)];
  return `${ipaddr.fromByteArray(network).toString()}/64`;
}

/** Parses an address without its port, brackets and zone; IPv4-mapped addresses to IPv4. */
function parsePeerAddress(text: string | undefined): IpAddress | undefined {
  const bare = (text ?? "").replace(/^\[([^\]]+)\](:\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");
  return parseIpAddress(bare.replace(/%.*$/, ""));
}
