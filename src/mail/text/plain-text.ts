/** text/plain as lines for reading: flowed lines joined, long addresses shortened, blank runs shortened. */

import type { Part } from "../email/structure.ts";
import { joinFlowed } from "./flowed.ts";
import { hostOf, type LinkBook } from "./links.ts";

/** As it was written, with line breaks made alike and format=flowed joined. */
export function toPlainText(text: string, part: Part): string {
  const flowed = /^flowed$/i.test(part.parameters.format ?? "");
  const deleteSpace = /^yes$/i.test(part.parameters.delsp ?? "");
  const joined = flowed ? joinFlowed(text, deleteSpace) : text.replace(/\r\n?/g, "\n");
  return joined
    .replace(/[ \t]+$/gm, (spaces, at: number) =>
      joined.slice(Math.max(0, at - 2), at) === "--" && spaces === " " ? " " : "",
    )
    .replace(/\n{4,}/g, "\n\n\n")
    .replace(/^\n+|\s+$/g, "");
}

const longAddress = 60;

/** The same with long link targets shown by host and number, as in HTML emails. */
export function shortenTargets(line: string, links: LinkBook): string {
  return line.replace(/<?\bhttps?:\/\/[^\s<>"]+>?/gi, (found) => {
    const url = found.replace(/^<|>$/g, "").replace(/[).,;!?\]]+$/, "");
    if (url.length <= longAddress) return found;
    const rest = found.replace(/^</, "").replace(/>$/, "").slice(url.length);
    return `<${hostOf(url)} #${links.remember(url, "")}>${rest}`;
  });
}
