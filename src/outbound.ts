/**
 * The only way to a host that a stranger typed, or that a stranger's domain named.
 *
 * A name is resolved once. Every answer must be a global unicast address, or one the operator opened with
 * ALLOW_PRIVATE_HOSTS; what is judged is the resolved address, never the text, so that no spelling of 127.0.0.1
 * and no name that points home gets through. The caller then connects to the vetted address and keeps the name
 * for SNI and the certificate: a second resolution, which could answer otherwise (DNS rebinding), never happens.
 */
import { lookup, Resolver } from "node:dns/promises";
import { request } from "node:https";
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";
import { AppError } from "./errors.ts";
import { createHostList, type IpAddress, parseIpAddress } from "./host-list.ts";
import { createThrottle } from "./throttle.ts";

/** Where to connect: a judged address, the name for SNI and the certificate (absent for an address), the port. */
export type Vetted = { address: string; servername: string | undefined; port: number };

/** What the world's DNS says. Any throw or an empty answer means that the name is not there. */
export type Resolve = {
  addresses(name: string): Promise<string[]>;
  mx(domain: string): Promise<{ exchange: string; priority: number }[]>;
  srv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
};

type Target = { host: string; port: number };

export type Outbound = ReturnType<typeof createOutbound>;

/** IMAP and submission, with TLS from the start or STARTTLS. */
const mailPorts: readonly number[] = [993, 143, 465, 587];
const usualDnsMs = 4_000;
/** How long a refusal takes at least: what was refused, and why, is not told by the time it took. */
const defaultRefusalMs = 300;
const maxRedirects = 2;
const globalUnicastV6 = ipaddr.parseCIDR("2000::/3");

const systemResolve: Resolve = {
  addresses: async (name) => (await lookup(name, { all: true })).map((answer) => answer.address),
  mx: (domain) => new Resolver({ timeout: usualDnsMs, tries: 1 }).resolveMx(domain),
  srv: (name) => new Resolver({ timeout: usualDnsMs, tries: 1 }).resolveSrv(name),
};

/**
 * `allowPrivateHosts`: names, addresses and CIDRs that may be private and may use any port. A name there opens
 * whatever it resolves to.
 */
export function createOutbound(deps: {
  allowPrivateHosts: readonly string[];
  resolve?: Partial<Resolve>;
  refusalMs?: number;
  dnsMs?: number;
}) {
  const resolve: Resolve = { ...systemResolve, ...deps.resolve };
  const refusalMs = deps.refusalMs ?? defaultRefusalMs;
  const dnsMs = deps.dnsMs ?? usualDnsMs;
  const opened = createHostList(deps.allowPrivateHosts);

  /** `ports`: those that a host may be reached at which the operator did not open. */
  async function judge({ host, port }: Target, ports: readonly number[]): Promise<Vetted> {
    const name = toHost(host);
    const literal = parseIpAddress(name);
    const isNamed = opened.hasHost(name);
    const isPublicPort = ports.includes(port);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refusedPort();
    // No answer of DNS could let the host through.
    if (!isNamed && !isPublicPort && (literal || !opened.hasNetworks)) throw refusedPort();
    const isFit = (address: IpAddress | undefined) =>
      address !== undefined && (isNamed || opened.hasAddress(address) || (isPublicPort && isGlobal(address)));
    if (literal) {
      if (!isFit(literal)) throw refused();
      return { address: literal.toString(), servername: undefined, port };
    }
    // A name without a dot is never a public one; asking for it would search the operator's own domain.
    if (!isNamed && !name.includes(".")) throw refused();
    const answers = await within(dnsMs, resolve.addresses(name)).catch(() => []);
    const addresses = answers.map(parseIpAddress);
    if (addresses.length === 0) throw unknown();
    // One private answer among public ones is the mark of a rebinding name: all must fit.
    if (!addresses.every(isFit)) throw isPublicPort ? refused() : refusedPort();
    // IPv4 first: many small hosts have an IPv6 address and no way out over it.
    const best = addresses.find((address) => address?.kind() === "ipv4") ?? addresses[0];
    if (!best) throw unknown();
    return { address: best.toString(), servername: name, port };
  }

  const vetFor = (ports: readonly number[]) => (target: Target) =>
    refuseEvenly(refusalMs, () => judge(target, ports));
  const vetWeb = vetFor([443]);

  return {
    /** How fast is read what these hosts send, all of them together. */
    throttle: createThrottle(),

    /** Judges host and port before each connection. Throws host_refused or host_unknown, never sooner than refusalMs. */
    vet: vetFor(mailPorts),

    /** Like `vet`, but refuses every host that the operator did not open by name or address. */
    vetOpened: vetFor([]),

    /** The hosts that take a domain's mail, best first, lower case; empty when there are none or DNS fails. */
    async resolveMx(domain: string): Promise<string[]> {
      const answers = await within(dnsMs, resolve.mx(toHost(domain))).catch(() => []);
      return answers
        .toSorted((a, b) => a.priority - b.priority)
        .map((answer) => answer.exchange.toLowerCase().replace(/\.$/, ""))
        .filter((exchange) => exchange !== "");
    },

    /** RFC 2782, e.g. `_imaps._tcp.example.org`: targets, best first; empty when there are none or DNS fails. */
    async resolveSrv(name: string): Promise<{ host: string; port: number }[]> {
      const answers = await within(dnsMs, resolve.srv(name)).catch(() => []);
      return answers
        .toSorted((a, b) => a.priority - b.priority || b.weight - a.weight)
        .map((answer) => ({ host: answer.name.toLowerCase().replace(/\.$/, ""), port: answer.port }))
        .filter((target) => target.host !== "");
    },

    /**
     * GET over https, for what a domain publishes about its servers. The text of a 200, else undefined. Each
     * redirect is vetted anew. Throws AppErrors of vet, host_unreachable, too_large; the signal's reason on abort.
     */
    async fetchText(
      url: string,
      options: { signal: AbortSignal; maxBytes?: number },
    ): Promise<string | undefined> {
      let next = url;
      for (let hop = 0; hop <= maxRedirects; hop++) {
        const target = new URL(next);
        if (target.protocol !== "https:" || target.username !== "" || target.password !== "") throw refused();
        const port = target.port === "" ? 443 : Number(target.port);
        const vetted = await vetWeb({ host: target.hostname, port });
        const answer = await get(target, vetted, options.signal, options.maxBytes ?? 256 * 1024);
        if (answer.location === undefined) return answer.text;
        if (!URL.canParse(answer.location, next)) return undefined;
        next = new URL(answer.location, next).href;
      }
      return undefined;
    },
  };
}

/** Lets a failure out no sooner than `minimumMs` after the start; a success passes at once. */
async function refuseEvenly<T>(minimumMs: number, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    return await work();
  } catch (error) {
    await Bun.sleep(Math.max(0, minimumMs - (performance.now() - startedAt)));
    throw error;
  }
}

/** The same text for every address that is refused: a listener behind it is not told apart from none. */
function refused(): AppError {
  return new AppError("host_refused", "This host is not a public mail server.");
}

function refusedPort(): AppError {
  return new AppError("host_refused", "This port is not one that mail servers use.");
}

function unknown(): AppError {
  return new AppError("host_unknown", "There is no host of this name.");
}

/** Global unicast, IPv4-mapped addresses judged as what they carry. */
function isGlobal(address: IpAddress): boolean {
  if (address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || address.match(globalUnicastV6);
}

/**
 * A host as it is compared and resolved: lower case, punycode, without brackets and final dot. Throws host_refused
 * for anything but a strict address or an RFC 1123 name; a last label that reads as a number (`127.1`,
 * `0x7f000001`, `017700000001`) is some system's spelling of an address and never a name.
 */
function toHost(text: string): string {
  const bare = /^\[[^[\]]+\]$/.test(text) ? text.slice(1, -1) : text;
  if (parseIpAddress(bare)) return bare;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII is the point
  const ascii = /^[\x00-\x7f]*$/.test(text) ? text.toLowerCase() : domainToASCII(text);
  const name = ascii.replace(/\.$/, "");
  const labels = name.split(".");
  const last = labels.at(-1) ?? "";
  const strict = labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label));
  if (!strict || name.length > 253 || /^(\d+|0x[0-9a-f]*)$/.test(last)) throw refused();
  return name;
}

/** Its own timer: getaddrinfo can hang for as long as the system's resolver likes. */
async function within<T>(ms: number, answers: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("DNS took too long")), ms);
  try {
    return await Promise.race([answers, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

type Answer = { text: string | undefined; location?: string };

/** One GET to the vetted address, the name in SNI, certificate and Host. */
function get(url: URL, vetted: Vetted, signal: AbortSignal, maxBytes: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(
    {
      host: vetted.address,
      port: vetted.port,
      ...(vetted.servername === undefined ? {} : { servername: vetted.servername }),
      path: `${url.pathname}${url.search}`,
      headers: { Host: url.host, Accept: "application/xml, application/json, text/*", Connection: "close" },
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      agent: false,
      signal,
    },
    async (response) => {
      try {
        const status = response.statusCode ?? 0;
        const location = response.headers.location;
        if (status >= 300 && status < 400 && location !== undefined)
          return resolve({ text: undefined, location });
        const chunks: Buffer[] = [];
        let size = 0;
        for await (const chunk of response) {
          const bytes: Buffer = Buffer.from(chunk);
          size += bytes.length;
          if (size > maxBytes) throw new AppError("too_large", "What this host answered is too large.");
          chunks.push(bytes);
        }
        resolve({ text: status === 200 ? Buffer.concat(chunks).toString("utf8") : undefined });
      } catch (error) {
        reject(toFetchError(error, signal));
      } finally {
        sent.destroy();
      }
    },
  );
  sent.on("error", (error) => reject(toFetchError(error, signal)));
  sent.end();
  return promise;
}

function toFetchError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AppError) return error;
  return new AppError("host_unreachable", "This host does not answer.", { cause: error });
}
