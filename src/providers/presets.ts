/**
 * Mail companies as data. To add one: an entry in a file of presets/, with facts from the company's own help page,
 * and its steps in the other languages of pages/text. Tests hold them to: TLS or required STARTTLS, no domain twice,
 * an https link, steps in every language.
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

/** The company of that id; undefined for "generic", "" and anything unknown. */
export function findPreset(id: string): Provider | undefined {
  return presets.find((preset) => preset.id === id);
}

/** The company whose own domain this is. */
export function findPresetByDomain(domain: string): Provider | undefined {
  return byDomain.get(domain.toLowerCase());
}

/** The company whose IMAP server this is. */
export function findPresetByImapHost(host: string): Provider | undefined {
  return presets.find((preset) => !preset.ownServers && preset.imap.host === host.toLowerCase());
}

/**
 * The company behind somebody's own domain, by the mail exchangers' names: the best exchanger that tells, and the
 * longest suffix that fits it.
 */
export function findPresetByExchanger(exchangers: readonly string[]): Provider | undefined {
  for (const exchanger of exchangers) {
    const host = exchanger.toLowerCase().replace(/\.$/, "");
    const fitting = presets
      .flatMap((preset) => (preset.mxSuffixes ?? []).map((suffix) => ({ preset, suffix })))
      .filter(({ suffix }) => host === suffix || host.endsWith(`.${suffix}`))
      .toSorted((a, b) => b.suffix.length - a.suffix.length);
    const preset = fitting[0]?.preset;
    if (preset) return preset;
  }
  return undefined;
}
