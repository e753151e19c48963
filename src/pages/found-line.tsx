/** @jsxImportSource hono/jsx */
/** What is known of the address's mail, said under it; the script says the same while the address is typed. */
import { findPreset } from "../providers/presets.ts";
import type { DiscoveredServers } from "./props.ts";
import type { Texts } from "./text/en.ts";

export function FoundLine({ text, found }: { text: Texts; found: DiscoveredServers | undefined }) {
  const words = text.connect.found;
  return (
    <p
      id="found"
      class="found"
      role="status"
      data-looking={words.looking}
      data-preset={words.preset("{name}")}
      data-mx={words.mx("{name}")}
      data-srv={words.srv}
      data-autoconfig={words.autoconfig}
      data-guess={words.guess}
    >
      {found && toSentence(words, found)}
    </p>
  );
}

function toSentence(words: Texts["connect"]["found"], { provider, source }: DiscoveredServers): string {
  const name = findPreset(provider)?.name;
  // However it was found: a company that is known needs no servers to be checked.
  if (name !== undefined) return source === "preset" ? words.preset(name) : words.mx(name);
  return words[source === "preset" || source === "mx" ? "autoconfig" : source];
}
