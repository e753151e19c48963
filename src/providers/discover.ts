/**
 * Which servers belong to an address: our own table first, then what the domain says about itself: its mail
 * exchangers, its SRV records (RFC 6186, RFC 8314), its autoconfig document; else the usual names, as a guess.
 */

import type { MailServer } from "../credentials.ts";
import type { Outbound } from "../outbound.ts";
import type { AutoconfigServers } from "./autoconfig.ts";
import { findPresetByDomain, findPresetByExchanger, findPresetByImapHost } from "./presets.ts";
import type { Provider } from "./provider.ts";
import { imaps, smtps } from "./servers.ts";

export type Found = {
  /** A preset's id, or "generic". */
  provider: string;
  /** preset: its own domain. mx: a company behind the domain. guess: nothing found, the usual names. */
  source: "preset" | "mx" | "srv" | "autoconfig" | "guess";
  imap: MailServer;
  smtp: MailServer;
  username: Provider["username"];
};

/** Within 3 s; never throws: what cannot be found is guessed, and says so. `address` is a valid address. */
export type Discover = (address: string, options: { signal: AbortSignal }) => Promise<Found>;

const defaultLimitMs = 3_000;

export function createDiscover(deps: {
  outbound: Pick<Outbound, "resolveMx" | "resolveSrv" | "fetchText">;
  limitMs?: number;
}): Discover {
  const { outbound, limitMs = defaultLimitMs } = deps;

  async function byExchanger(domain: string): Promise<Found | undefined> {
    const preset = findPresetByExchanger(await outbound.resolveMx(domain));
    return preset && toFound(preset, "mx");
  }

  /** RFC 8314 5.1: TLS from the first byte before STARTTLS; RFC 2782: no target means "not here". */
  async function bySrv(domain: string): Promise<Found | undefined> {
    const look = async (service: string) => (await outbound.resolveSrv(`_${service}._tcp.${domain}`))[0];
    const [imapTls, imapPlain, smtpTls, smtpPlain] = await Promise.all(
      ["imaps", "imap", "submissions", "submission"].map(look),
    );
    const imap = toServer(imapTls, imapPlain);
    if (!imap) return undefined;
    const smtp = toServer(smtpTls, smtpPlain) ?? smtps(imap.host);
    return named({ imap, smtp, username: "address" }, "srv");
  }

  async function byAutoconfig(domain: string, signal: AbortSignal): Promise<Found | undefined> {
    const documents = await Promise.all(
      [
        `https://autoconfig.${domain}/mail/config-v1.1.xml`,
        `https://${domain}/.well-known/autoconfig/mail/config-v1.1.xml`,
      ].map((url) => outbound.fetchText(url, { signal }).catch(() => undefined)),
    );
    const { toAutoconfig } = await import("./autoconfig.ts");
    const servers = documents.map((text) => text && toAutoconfig(text, domain)).find(Boolean);
    return servers ? named(servers, "autoconfig") : undefined;
  }

  return async function discover(address, options) {
    const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
    const preset = findPresetByDomain(domain);
    if (preset) return toFound(preset, "preset");
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(limitMs)]);
    const tooLate = whenAborted(signal);
    // All are asked at once, and heard in the order of what they are worth.
    const asked = [byExchanger(domain), bySrv(domain), byAutoconfig(domain, signal)].map((lookup) =>
      Promise.race([lookup.catch(() => undefined), tooLate]),
    );
    for (const lookup of asked) {
      const found = await lookup;
      if (found) return found;
    }
    return guess(domain);
  };
}

/** Servers by name, and the company they belong to when it is one we know. */
function named(servers: AutoconfigServers, source: "srv" | "autoconfig"): Found {
  const preset = findPresetByImapHost(servers.imap.host);
  return preset ? { ...toFound(preset, "mx"), source } : { provider: "generic", source, ...servers };
}

function toFound(preset: Provider, source: "preset" | "mx"): Found {
  const { id, imap, smtp, username } = preset;
  return { provider: id, source, imap, smtp, username };
}

type Target = { host: string; port: number } | undefined;

function toServer(tls: Target, startTls: Target): MailServer | undefined {
  if (tls) return { ...tls, security: "tls" };
  return startTls && { ...startTls, security: "starttls" };
}

function guess(domain: string): Found {
  return {
    provider: "generic",
    source: "guess",
    imap: imaps(`imap.${domain}`),
    smtp: smtps(`smtp.${domain}`),
    username: "address",
  };
}

/** Resolves, with nothing, when the signal fires; a lookup that hangs is left behind. */
function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
