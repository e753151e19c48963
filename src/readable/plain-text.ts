/** text/plain as lines for reading: flowed lines joined, long addresses shortened, blank runs shortened. */

import { joinFlowed } from "../email/format-flowed.ts";
import { withoutTrailingSpace } from "../email/line-ends.ts";
import type { Part } from "../email/part.ts";
import { hostOf, type LinkIndex, maxShownTarget } from "../html/link-index.ts";
import { unwrapLink } from "../html/link-wrappers.ts";

/** As it was written, with line breaks made alike and format=flowed joined. */
export function toPlainText(text: string, part: Part): string {
  const flowed = /^flowed$/i.test(part.parameters.format ?? "");
  const deleteSpace = /^yes$/i.test(part.parameters.delsp ?? "");
  const joined = flowed ? joinFlowed(text, deleteSpace) : text.replace(/\r\n?/g, "\n");
  return joined
    .split("\n")
    .map((line) => (line.endsWith("-- ") ? line : withoutTrailingSpace(line)))
    .join("\n")
    .replace(/\n{4,}/g, "\n\n\n")
    .replace(/^\n+/, "")
    .trimEnd();
}

/** The same with long link targets shown by host and number, as in HTML emails. */
export function shortenTargets(line: string, links: LinkIndex): string {
  return line.replace(/<?\bhttps?:\/\/[^\s<>"]+>?/gi, (found) => {
    const url = found.replace(/^<|>$/g, "").replace(/[).,;!?\]]+$/, "");
    const target = unwrapLink(url);
    if (target === url && url.length <= maxShownTarget) return found;
    const rest = found.replace(/^</, "").replace(/>$/, "").slice(url.length);
    const shown = target.length <= maxShownTarget ? target : `${hostOf(target)} #${links.add(target, "")}`;
    return `<${shown}>${rest}`;
  });
}
