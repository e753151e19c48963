/**
 * The table of mail companies. To add one, write an entry in a file of presets/ with facts from the company's own help
 * page, and its steps in the other languages of pages/text. Tests require TLS or STARTTLS, unique domains, an https
 * link, and steps in every language.
 */
import { europe } from "./presets/europe.ts";
import { independent } from "./presets/independent.ts";
import { overseas } from "./presets/overseas.ts";
import { worldwide } from "./presets/worldwide.ts";
import type { Provider } from "./provider.ts";

export const presets: readonly Provider[] = [...worldwide, ...independent, ...europe, ...overseas];

const byDomain = new Map(
  presets.flatMap((preset) => preset.domains.map((domain) => [domain, preset] as const)),
);

/** Finds a preset by id; undefined for "generic", "" and unknown ids. */
export function findPreset(id: string): Provider | undefined {
  return presets.find((preset) => preset.id === id);
}

/** Finds the preset that has this address domain. */
export function findPresetByDomain(domain: string): Provider | undefined {
  return byDomain.get(domain.toLowerCase());
}

/** Finds the preset that has this IMAP host. */
export function findPresetByImapHost(host: string): Provider | undefined {
  return presets.find((preset) => !preset.ownServers && preset.imap.host === host.toLowerCase());
}

/**
 * Finds the preset behind a customer's own domain by the host names of its mail exchangers, best first: the first
 * exchanger that matches any suffix decides, and of several suffixes the longest.
 */
export function findPresetByExchanger(exchangers: readonly string[]): Provider | undefined {
  for (const exchanger of exchangers) {
    const host = exchanger.toLowerCase().replace(/\.$/, "");
    const matches = presets
      .flatMap((preset) => (preset.mxSuffixes ?? []).map((suffix) => ({ preset, suffix })))
      .filter(({ suffix }) => host === suffix || host.endsWith(`.${suffix}`))
      .toSorted((a, b) => b.suffix.length - a.suffix.length);
    const [match] = matches;
    if (match) return match.preset;
  }
  return undefined;
}
