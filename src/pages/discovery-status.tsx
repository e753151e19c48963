/** @jsxImportSource hono/jsx */
/** The result of the server discovery, below the address; the page's script updates it while the address is typed. */

import type { DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import type { Texts } from "./text/en.ts";

/** `chosen`: the provider that the form was sent with. */
export function DiscoveryStatus(props: {
  text: Texts;
  found: DiscoveredServers | undefined;
  chosen: string;
}) {
  const { found } = props;
  const sentences = props.text.connect.found;
  const chosen = findPreset(props.chosen);
  return (
    <p
      id="found"
      class="found"
      role="status"
      data-looking={sentences.looking}
      data-preset={sentences.preset("{name}")}
      data-mx={sentences.mx("{name}")}
      data-srv={sentences.srv}
      data-autoconfig={sentences.autoconfig("{name}")}
      data-guess={sentences.guess}
      data-uncertain={sentences.uncertain}
    >
      {found ? toDiscoveryText(sentences, found) : chosen && sentences.preset(chosen.name)}
    </p>
  );
}

function toDiscoveryText(
  sentences: Texts["connect"]["found"],
  { provider, source, imap, smtp, isUncertain }: DiscoveredServers,
): string {
  const name = findPreset(provider)?.name;
  // The servers of a known provider need no check by the person, whatever the source.
  if (name !== undefined) return source === "preset" ? sentences.preset(name) : sentences.mx(name);
  if (isUncertain) return sentences.uncertain;
  if (source === "srv" || source === "guess") return sentences[source];
  return sentences.autoconfig([...new Set([imap.host, smtp.host])].join(", "));
}
