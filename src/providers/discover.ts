/**
 * Finds the mail servers of an address: the preset of its domain first, then what the domain publishes (MX records, SRV
 * records by RFC 6186 and RFC 8314, an autoconfig document), and last a guess at the usual host names.
 */
import { raceAbort, withDeadline } from "../abort.ts";
import type { MailServer } from "../credentials.ts";
import { AppError } from "../errors.ts";
import { createGate } from "../gate.ts";
import type { AutoconfigServers } from "./autoconfig.ts";
import { findPresetByDomain, findPresetByExchanger, findPresetByImapHost } from "./presets.ts";
import type { Provider } from "./provider.ts";
import { imaps, smtps } from "./servers.ts";

export type DiscoveredServers = {
  /** A preset's id, or "generic". */
  provider: string;
  /** preset: by the address domain. mx: the provider behind the domain's MX records. guess: the usual host names. */
  source: "preset" | "mx" | "srv" | "autoconfig" | "guess";
  imap: MailServer;
  smtp: MailServer;
  username: Provider["username"];
  /** Host of the issuer at which the domain says that programs sign in; undefined when it names none. */
  issuerHost?: string | undefined;
  /** A guess because lookups got no answer in time: the domain may publish other servers. */
  isUncertain?: boolean;
};

type DiscoverOptions = {
  signal: AbortSignal;
  /** login: for a submitted form. discovery (the default): while an address is typed, which needs no login to follow. */
  lane?: "login" | "discovery";
  /** The client address. Discoveries of one peer wait for each other, and for those of others hardly. */
  peer?: string | undefined;
};

/** Takes a valid address. Never throws: after 3 s, or when nothing is published, the answer is a guess. */
export type Discover = (address: string, options: DiscoverOptions) => Promise<DiscoveredServers>;

/** On whose behalf a lookup is made; outbound/ shares its lookups among lanes and peers. */
type LookupCaller = { lane: "login" | "discovery"; peer?: string | undefined };

/**
 * Requests to hosts that a domain names; outbound/ vets each address. Empty or undefined when nothing is found; they
 * throw AppErrors, host_unresolved when DNS does not answer.
 */
type Lookups = {
  /** Host names of the mail exchangers, best first. */
  resolveMx(domain: string, caller: LookupCaller): Promise<string[]>;
  /** Targets of a service such as `_imaps._tcp.example.org` (RFC 2782), best first. */
  resolveSrv(name: string, caller: LookupCaller): Promise<{ host: string; port: number }[]>;
  fetchText(url: string, options: { signal: AbortSignal; caller: LookupCaller }): Promise<string | undefined>;
};

const defaultLimitMs = 3_000;

/** Discoveries in progress. Each makes up to ten lookups and three requests; those of dead domains last `limitMs`. */
const gateSize = { maxRunning: 16, maxRunningPerKey: 2, guaranteedMs: 1_000 };

export function createDiscover({
  outbound,
  limitMs = defaultLimitMs,
}: {
  outbound: Lookups;
  limitMs?: number;
}): Discover {
  // A flood of discoveries by strangers must not hold those of people who log in.
  const laneGates = { discovery: createGate(gateSize), login: createGate(gateSize) };

  async function discoverByMx(domain: string, caller: LookupCaller): Promise<DiscoveredServers | undefined> {
    const preset = findPresetByExchanger(await outbound.resolveMx(domain, caller));
    return preset && fromPreset(preset, "mx");
  }

  /** RFC 8314 section 5.1: implicit TLS is preferred to STARTTLS. Submission falls back to the IMAP host. */
  async function discoverBySrv(domain: string, caller: LookupCaller): Promise<DiscoveredServers | undefined> {
    const resolveFirst = async (service: string) =>
      (await outbound.resolveSrv(`_${service}._tcp.${domain}`, caller))[0];
    const [imapTls, imapStartTls, smtpTls, smtpStartTls] = await Promise.all(
      ["imaps", "imap", "submissions", "submission"].map(resolveFirst),
    );
    const imap = preferTls(imapTls, imapStartTls);
    if (!imap) return undefined;
    const smtp = preferTls(smtpTls, smtpStartTls) ?? smtps(imap.host);
    return withPreset({ imap, smtp, username: "address" }, "srv");
  }

  async function discoverByAutoconfig(
    domain: string,
    options: { signal: AbortSignal; caller: LookupCaller },
  ): Promise<DiscoveredServers | undefined> {
    const documents = await Promise.all(
      [
        `https://autoconfig.${domain}/mail/config-v1.1.xml`,
        `https://${domain}/.well-known/autoconfig/mail/config-v1.1.xml`,
      ].map((url) => outbound.fetchText(url, options).catch(() => undefined)),
    );
    const { parseAutoconfig } = await import("./autoconfig.ts");
    const servers = documents.map((text) => text && parseAutoconfig(text, domain)).find(Boolean);
    return servers ? withPreset(servers, "autoconfig") : undefined;
  }

  /** The metadata of an authorization server that the domain runs (RFC 8414 section 3). Never throws. */
  async function discoverIssuer(
    domain: string,
    options: { signal: AbortSignal; caller: LookupCaller },
  ): Promise<string | undefined> {
    try {
      const url = `https://${domain}/.well-known/oauth-authorization-server`;
      const metadata: unknown = JSON.parse((await outbound.fetchText(url, options)) ?? "{}");
      if (typeof metadata !== "object" || metadata === null || !("issuer" in metadata)) return undefined;
      const { toIssuerHost } = await import("./autoconfig.ts");
      return typeof metadata.issuer === "string" ? toIssuerHost(metadata.issuer) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Undefined when the domain publishes nothing. Throws when DNS did not answer or the time is over. */
  async function discoverPublished(
    domain: string,
    caller: LookupCaller,
    signal: AbortSignal,
  ): Promise<DiscoveredServers | undefined> {
    // All lookups run at once; their results are taken in the order of how far each source can be trusted.
    let unanswered: unknown;
    const lookups = [
      discoverByMx(domain, caller),
      discoverBySrv(domain, caller),
      discoverByAutoconfig(domain, { signal, caller }),
    ].map((lookup) =>
      raceAbort(signal, lookup).catch((error: unknown) => {
        if (isUnanswered(error)) unanswered = error;
        return undefined;
      }),
    );
    for (const lookup of lookups) {
      const found = await lookup;
      if (found) return found;
    }
    if (unanswered !== undefined) throw unanswered;
    return undefined;
  }

  return async function discover(address, { signal, lane = "discovery", peer }) {
    const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
    const preset = findPresetByDomain(domain);
    if (preset) return fromPreset(preset, "preset");
    try {
      return await laneGates[lane].run(peer ?? "", withDeadline(signal, limitMs), async (limited) => {
        const caller = { lane, peer };
        const issuerHost = discoverIssuer(domain, { signal: limited, caller });
        const found = (await discoverPublished(domain, caller, limited)) ?? guessServers(domain);
        return withIssuer(found, issuerHost, limited);
      });
    } catch {
      return { ...guessServers(domain), isUncertain: true };
    }
  };
}

/** Time for which servers that were found wait for the issuer of their domain. */
const issuerMs = 1_000;

/** Adds the issuer that the domain runs, unless its autoconfig document names one. A preset needs none. */
async function withIssuer(
  found: DiscoveredServers,
  issuerHost: Promise<string | undefined>,
  signal: AbortSignal,
): Promise<DiscoveredServers> {
  if (found.provider !== "generic" || found.issuerHost !== undefined) return found;
  const host = await raceAbort(withDeadline(signal, issuerMs), issuerHost).catch(() => undefined);
  return host === undefined ? found : { ...found, issuerHost: host };
}

/** DNS gave no answer in time, or the discovery itself ran out of it. */
function isUnanswered(error: unknown): boolean {
  return error instanceof AppError && ["host_unresolved", "timed_out", "cancelled"].includes(error.code);
}

/** Prefers the preset whose IMAP host this is to the published servers. */
function withPreset(servers: AutoconfigServers, source: "srv" | "autoconfig"): DiscoveredServers {
  const preset = findPresetByImapHost(servers.imap.host);
  return preset ? fromPreset(preset, source) : { provider: "generic", source, ...servers };
}

function fromPreset(preset: Provider, source: DiscoveredServers["source"]): DiscoveredServers {
  const { id, imap, smtp, username } = preset;
  return { provider: id, source, imap, smtp, username };
}

type SrvTarget = { host: string; port: number } | undefined;

function preferTls(tls: SrvTarget, startTls: SrvTarget): MailServer | undefined {
  if (tls) return { ...tls, security: "tls" };
  return startTls && { ...startTls, security: "starttls" };
}

function guessServers(domain: string): DiscoveredServers {
  return {
    provider: "generic",
    source: "guess",
    imap: imaps(`imap.${domain}`),
    smtp: smtps(`smtp.${domain}`),
    username: "address",
  };
}
