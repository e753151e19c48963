/**
 * DNS queries that end in time.
 *
 * getaddrinfo has no timeout, and each lookup keeps a thread until the name servers were all tried: twenty names whose
 * server never answers stopped every other lookup for over a minute. Names go to node:dns instead, with our own timer.
 * Each query has a Resolver of its own, because Bun's keeps answers for an hour, rounds timeouts to seconds, and may
 * not time out with more than 32 queries in one Resolver (oven-sh/bun pull requests 34183 and 33815). One costs 0.2 ms.
 */
import { lookup, Resolver } from "node:dns/promises";
import { closingOn, raceAbort } from "../abort.ts";
import { findLocalAddresses } from "./hosts-file.ts";

export type MxRecord = { exchange: string; priority: number };
export type SrvRecord = { name: string; port: number; priority: number; weight: number };

/**
 * DNS queries. An empty answer, or a rejection with the code ENOTFOUND or ENODATA, means that there are no records; any
 * other rejection means that DNS did not answer. `signal` ends a query.
 */
export type Resolve = {
  /** Addresses of a name that a stranger may have typed. */
  addresses(name: string, signal: AbortSignal): Promise<string[]>;
  /** Addresses of a name that the operator opened: also by mDNS or whatever else the system is configured for. */
  openedAddresses(name: string, signal: AbortSignal): Promise<string[]>;
  mx(domain: string, signal: AbortSignal): Promise<MxRecord[]>;
  srv(name: string, signal: AbortSignal): Promise<SrvRecord[]>;
};

/** c-ares sends a lost query again after this time; the caller's signal ends the whole. */
const retryMs = 1_000;
const maxTries = 3;

/** `servers`: name servers as `address:port`. Default: those of /etc/resolv.conf, read at each query. */
export function createResolve({ servers }: { servers?: readonly string[] | undefined } = {}): Resolve {
  async function query<T>(signal: AbortSignal, send: (resolver: Resolver) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const resolver = new Resolver({ timeout: retryMs, tries: maxTries });
    if (servers) resolver.setServers(servers);
    using _cancelling = closingOn(signal, () => resolver.cancel());
    return await raceAbort(signal, send(resolver));
  }

  async function queryAddresses(name: string, signal: AbortSignal): Promise<string[]> {
    const families = await Promise.allSettled([
      noneIfAbsent(query(signal, (resolver) => resolver.resolve4(name))),
      noneIfAbsent(query(signal, (resolver) => resolver.resolve6(name))),
    ]);
    const found = families.flatMap((family) => (family.status === "fulfilled" ? family.value : []));
    // Some name servers never answer for AAAA: one family is enough.
    const failed = families.find((family) => family.status === "rejected");
    if (failed && found.length === 0) throw failed.reason;
    return found;
  }

  return {
    addresses: async (name, signal) => findLocalAddresses(name) ?? (await queryAddresses(name, signal)),
    openedAddresses: async (name) =>
      findLocalAddresses(name) ?? (await lookup(name, { all: true })).map(({ address }) => address),
    mx: (domain, signal) => query(signal, (resolver) => resolver.resolveMx(domain)),
    srv: (name, signal) => query(signal, (resolver) => resolver.resolveSrv(name)),
  };
}

/** Converts the rejection for a name without such records to an empty answer; others stay. */
export async function noneIfAbsent<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOTFOUND" || code === "ENODATA") return [];
    throw error;
  }
}
