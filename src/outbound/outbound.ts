/**
 * All connections to hosts that a stranger typed or that a stranger's domain named (protection against SSRF).
 *
 * A name is resolved once. Every address must be global unicast, or one that the operator opened with
 * ALLOW_PRIVATE_HOSTS. The resolved address is judged, never the text, so that neither another spelling of 127.0.0.1
 * nor a name that resolves to a private address passes. The caller connects to the vetted address and uses the name
 * for SNI and the certificate: there is no second resolution that could differ (DNS rebinding).
 */
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";
import { type Clock, systemClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { createHostList, type IpAddress, parseIpAddress } from "../host-list.ts";
import { createThrottle } from "../throttle.ts";
import { type Caller, createLookups } from "./lookups.ts";
import { createResolve, type Resolve } from "./resolver.ts";
import { sendGet, sendPost, type Vetted } from "./web-request.ts";

type Target = { host: string; port: number };

export type Outbound = ReturnType<typeof createOutbound>;

/** IMAP and submission, with implicit TLS or STARTTLS. */
const mailPorts: readonly number[] = [993, 143, 465, 587];
const defaultDnsMs = 4_000;
/** Minimum duration of a refusal, so that its timing does not reveal the reason. */
const defaultRefusalMs = 300;
const maxRedirects = 2;
const defaultMaxBytes = 256 * 1024;
const globalUnicastV6 = ipaddr.parseCIDR("2000::/3");

/** A login at servers that a person entered; every other caller names itself. */
const defaultCaller: Caller = { lane: "login" };

/**
 * `allowPrivateHosts`: names, addresses and CIDRs that may be private and may use any port. A listed name is allowed at
 * whatever address it resolves to. `refusalMs`: minimum duration of a refusal. `dnsMs`: maximum duration of a lookup.
 * `dnsServers`: name servers as `address:port`, by default the system's. `resolve`: replaces single queries; for the
 * names of `allowPrivateHosts`, `addresses` counts unless `openedAddresses` is given.
 */
export function createOutbound(deps: {
  allowPrivateHosts: readonly string[];
  resolve?: Partial<Resolve>;
  dnsServers?: readonly string[];
  refusalMs?: number;
  dnsMs?: number;
  clock?: Clock;
}) {
  const { openedAddresses = deps.resolve?.addresses } = deps.resolve ?? {};
  const system = createResolve({ servers: deps.dnsServers });
  const lookups = createLookups({
    resolve: { ...system, ...deps.resolve, openedAddresses: openedAddresses ?? system.openedAddresses },
    dnsMs: deps.dnsMs ?? defaultDnsMs,
    clock: deps.clock ?? systemClock,
  });
  const refusalMs = deps.refusalMs ?? defaultRefusalMs;
  const opened = createHostList(deps.allowPrivateHosts);

  /** `ports`: the ports at which hosts that the operator did not open may be reached. */
  async function judge(
    { host, port }: Target,
    { ports, caller }: { ports: readonly number[]; caller: Caller },
  ): Promise<Vetted> {
    const name = normalizeHost(host);
    const literal = parseIpAddress(name);
    const isNamed = opened.hasHost(name);
    const isPublicPort = ports.includes(port);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw portRefused();
    // No answer of DNS could let the host through.
    if (!isNamed && !isPublicPort && (literal || !opened.hasNetworks)) throw portRefused();
    const isFit = (address: IpAddress | undefined) =>
      address !== undefined && (isNamed || opened.hasAddress(address) || (isPublicPort && isGlobal(address)));
    if (literal) {
      if (!isFit(literal)) throw hostRefused();
      return { address: literal.toString(), servername: undefined, port };
    }
    // A name without a dot is never public, and resolving it would search the operator's own domain.
    if (!isNamed && !name.includes(".")) throw hostRefused();
    const addresses = (await lookups.addresses(name, caller, { isOpened: isNamed })).map(parseIpAddress);
    if (addresses.length === 0) throw hostUnknown();
    // A private address among public ones indicates DNS rebinding: all must fit.
    if (!addresses.every(isFit)) throw isPublicPort ? hostRefused() : portRefused();
    // IPv4 first: many small hosts have an IPv6 address without connectivity.
    const best = addresses.find((address) => address?.kind() === "ipv4") ?? addresses[0];
    if (!best) throw hostUnknown();
    return { address: best.toString(), servername: name, port };
  }

  const vetFor =
    (ports: readonly number[]) =>
    (target: Target, caller: Caller = defaultCaller) =>
      delayFailure(refusalMs, () => judge(target, { ports, caller }));
  const vetWeb = vetFor([443]);

  return {
    /** Limits the parsing of received bytes over all connections together. */
    throttle: createThrottle(),

    /**
     * Judges host and port before each connection. Throws host_refused, host_unknown, or host_unresolved when DNS does
     * not answer in time; none sooner than `refusalMs`.
     */
    vet: vetFor(mailPorts),

    /** Like `vet`, but refuses every host that the operator did not open by name or address. */
    vetOpened: vetFor([]),

    /** Resolves a domain's mail exchangers, best first, in lower case. Throws host_refused, host_unresolved. */
    async resolveMx(domain: string, caller: Caller = defaultCaller): Promise<string[]> {
      const answers = await lookups.mx(normalizeHost(domain), caller);
      return answers
        .toSorted((a, b) => a.priority - b.priority)
        .map((answer) => answer.exchange.toLowerCase().replace(/\.$/, ""))
        .filter((exchange) => exchange !== "");
    },

    /**
     * Resolves a service such as `_imaps._tcp.example.org` (RFC 2782), best target first. Throws host_refused and
     * host_unresolved.
     */
    async resolveSrv(
      name: string,
      caller: Caller = defaultCaller,
    ): Promise<{ host: string; port: number }[]> {
      const answers = await lookups.srv(normalizeHost(name), caller);
      return answers
        .toSorted((a, b) => a.priority - b.priority || b.weight - a.weight)
        .map((answer) => ({ host: answer.name.toLowerCase().replace(/\.$/, ""), port: answer.port }))
        .filter((target) => target.host !== "");
    },

    /**
     * Sends a form by POST over https at port 443; redirects are not followed, and nothing of the answer is used but its
     * status. Throws the AppErrors of `vet`, and host_unreachable; the signal's reason on abort.
     */
    async postForm(url: string, body: string, options: { signal: AbortSignal }): Promise<number> {
      const target = new URL(url);
      const isPlain = target.username === "" && target.password === "" && target.port === "";
      if (target.protocol !== "https:" || !isPlain) throw hostRefused();
      const vetted = await vetWeb({ host: target.hostname, port: 443 });
      return sendPost(target, vetted, { signal: options.signal, body });
    },

    /**
     * Fetches a document over https, such as a domain's autoconfig file. Returns the text of a 200 response, undefined
     * for any other. Each redirect is vetted, at most two are followed. Default of `maxBytes`: 256 KB. Throws the
     * AppErrors of `vet`, host_unreachable and too_large; the signal's reason on abort.
     */
    async fetchText(
      url: string,
      options: { signal: AbortSignal; maxBytes?: number; caller?: Caller | undefined },
    ): Promise<string | undefined> {
      let next = url;
      for (let hop = 0; hop <= maxRedirects; hop++) {
        const target = new URL(next);
        if (target.protocol !== "https:" || target.username !== "" || target.password !== "")
          throw hostRefused();
        const port = target.port === "" ? 443 : Number(target.port);
        const vetted = await vetWeb({ host: target.hostname, port }, options.caller);
        const { signal, maxBytes = defaultMaxBytes } = options;
        const answer = await sendGet(target, vetted, { signal, maxBytes });
        if (answer.location === undefined) return answer.text;
        if (!URL.canParse(answer.location, next)) return undefined;
        next = new URL(answer.location, next).href;
      }
      return undefined;
    },
  };
}

/** Delays a failure until `minimumMs` after the start; a success is returned at once. */
async function delayFailure<T>(minimumMs: number, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    return await work();
  } catch (error) {
    await Bun.sleep(Math.max(0, minimumMs - (performance.now() - startedAt)));
    throw error;
  }
}

/** One text for all refused addresses, so that it does not reveal if anything listens there. */
function hostRefused(): AppError {
  return new AppError("host_refused", "This host is not a public mail server.");
}

function portRefused(): AppError {
  return new AppError("host_refused", "This port is not one that mail servers use.");
}

function hostUnknown(): AppError {
  return new AppError("host_unknown", "There is no host of this name.");
}

/** Accepts global unicast addresses. IPv4-mapped ones were parsed to IPv4 before. */
function isGlobal(address: IpAddress): boolean {
  if (address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || address.match(globalUnicastV6);
}

/**
 * Normalizes a host for resolution: lower case, punycode, without brackets and final dot. Throws host_refused for
 * anything but an address in strict notation or a name by RFC 1123. A last label that reads as a number (`127.1`,
 * `0x7f000001`, `017700000001`) is a spelling of an IPv4 address on some systems and never a name.
 */
function normalizeHost(text: string): string {
  const bare = /^\[[^[\]]+\]$/.test(text) ? text.slice(1, -1) : text;
  if (parseIpAddress(bare)) return bare;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII is the point
  const ascii = /^[\x00-\x7f]*$/.test(text) ? text.toLowerCase() : domainToASCII(text);
  const name = ascii.replace(/\.$/, "");
  const labels = name.split(".");
  const last = labels.at(-1) ?? "";
  const strict = labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label));
  if (!strict || name.length > 253 || /^(\d+|0x[0-9a-f]*)$/.test(last)) throw hostRefused();
  return name;
}
