/** The words of the approval page that its card shows as well. */
import { showHidden } from "./hidden-characters.ts";

/** An address with its name, hidden characters made visible. */
export function writePerson({ name, address }: { name?: string | undefined; address: string }): string {
  return showHidden(name ? `${name} <${address}>` : address);
}

export function formatSize(octets: number): string {
  if (octets < 1_000_000) return `${Math.max(1, Math.round(octets / 1_000))} KB`;
  return `${(octets / 1_000_000).toFixed(1)} MB`;
}
