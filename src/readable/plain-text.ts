/** text/plain for reading: flowed lines joined, runs of empty lines and long link targets shortened. */
import { joinFlowed } from "../email/format-flowed.ts";
import { withoutTrailingSpace } from "../email/line-ends.ts";
import type { Part } from "../email/part.ts";
import { hostOf, type LinkIndex, maxShownTarget } from "../html/link-index.ts";
import { unwrapLink } from "../html/link-wrappers.ts";

/** The text with normalized line ends, and with format=flowed (RFC 3676) joined. */
export function toPlainText(text: string, part: Part): string {
  const isFlowed = /^flowed$/i.test(part.parameters.format ?? "");
  const deletesSpace = /^yes$/i.test(part.parameters.delsp ?? "");
  const joined = isFlowed ? joinFlowed(text, deletesSpace) : text.replace(/\r\n?/g, "\n");
  return joined
    .split("\n")
    .map((line) => (line.endsWith("-- ") ? line : withoutTrailingSpace(line)))
    .join("\n")
    .replace(/\n{4,}/g, "\n\n\n")
    .replace(/^\n+/, "")
    .trimEnd();
}

/** Replaces long link targets in a line by their host and number, as in HTML emails. */
export function shortenTargets(line: string, links: LinkIndex): string {
  return line.replace(/<?\bhttps?:\/\/[^\s<>"]+>?/gi, (found) => {
    const bracketed = found.replace(/^</, "").replace(/>$/, "");
    const url = withoutPunctuation(bracketed);
    const target = unwrapLink(url);
    if (target === url && url.length <= maxShownTarget) return found;
    const shown = target.length <= maxShownTarget ? target : `${hostOf(target)} #${links.add(target, "")}`;
    return `<${shown}>${bracketed.slice(url.length)}`;
  });
}

/** Punctuation at the end of a URL belongs to the sentence. */
function withoutPunctuation(url: string): string {
  let end = url.length;
  while (end > 0 && ").,;!?]".includes(url.charAt(end - 1))) end -= 1;
  return url.slice(0, end);
}
