/** text/plain as lines for reading: flowed lines joined, long addresses shortened, blank runs shortened. */

import { joinFlowed } from "../email/format-flowed.ts";
import { withoutTrailingSpace } from "../email/line-ends.ts";
import type { Part } from "../email/part.ts";
import { hostOf, type LinkBook, longTarget, unwrap } from "../html/links.ts";

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
export function shortenTargets(line: string, links: LinkBook): string {
  return line.replace(/<?\bhttps?:\/\/[^\s<>"]+>?/gi, (found) => {
    const url = found.replace(/^<|>$/g, "").replace(/[).,;!?\]]+$/, "");
    const target = unwrap(url);
    if (target === url && url.length <= longTarget) return found;
    const rest = found.replace(/^</, "").replace(/>$/, "").slice(url.length);
    const shown = target.length <= longTarget ? target : `${hostOf(target)} #${links.remember(target, "")}`;
    return `<${shown}>${rest}`;
  });
}
