/** Which servers belong to an address: our own table first, then what the domain says about itself. */
import type { MailServer } from "../mail/mail.ts";
import { findPresetByDomain } from "./presets.ts";
import type { Provider } from "./provider.ts";

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

export function createDiscover(): Discover {
  return async (address) => {
    const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
    const preset = findPresetByDomain(domain);
    if (preset) return toFound(preset, "preset");
    return guess(domain);
  };
}

function toFound(preset: Provider, source: "preset" | "mx"): Found {
  return {
    provider: preset.id,
    source,
    imap: preset.imap,
    smtp: preset.smtp,
    username: preset.username,
  };
}

function guess(domain: string): Found {
  return {
    provider: "generic",
    source: "guess",
    imap: { host: `imap.${domain}`, port: 993, security: "tls" },
    smtp: { host: `smtp.${domain}`, port: 465, security: "tls" },
    username: "address",
  };
}
