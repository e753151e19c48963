/** The address that a request is counted against in rate limits. */
import type { HonoRequest } from "hono";
import ipaddr from "ipaddr.js";
import type { Config } from "../config.ts";
import { createHostList, type IpAddress, parseIpAddress } from "../host-list.ts";
import type { AppEnv } from "./guard.ts";

/** Identifies the caller of a request; see `resolvePeer`. */
export function identifyPeer(
  c: { env: AppEnv["Bindings"]; var: Pick<AppEnv["Variables"], "arrived">; req: Pick<HonoRequest, "header"> },
  { trustedProxies }: Pick<Config, "trustedProxies">,
): string {
  const remote = c.env?.server?.requestIP(c.var.arrived)?.address;
  return resolvePeer(remote, c.req.header("X-Forwarded-For"), trustedProxies);
}

/**
 * Returns the caller as a key to count by: an IPv4 address, an IPv6 /64, or "unknown". `remote` is the socket's
 * address. X-Forwarded-For is read from its end, for as long as the addresses are trusted proxies: everything before
 * the first other address was written by the caller and is ignored.
 */
export function resolvePeer(
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
    // A trusted proxy that wrote something else than an address: count the proxy instead.
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
  return parseIpAddress(bare.split("%", 1)[0] ?? "");
}
