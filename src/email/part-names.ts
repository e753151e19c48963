/** File names that are lost in BODYSTRUCTURE: raw 8-bit bytes, and encoded words in rare charsets. */
import libmime from "libmime";
import { decodeHeaderText, headerValue, parseHeaders } from "./headers.ts";
import type { Part } from "./part.ts";

/** Names that are looked up in one email. */
const maxNames = 50;

/** U+FFFD for raw bytes that are not UTF-8, and the escapes of 7-bit encodings that imapflow does not decode. */
const lost = /[\uFFFD\p{Cc}]|~\{/u;

/** The parts whose names BODYSTRUCTURE does not give, or imapflow cannot decode. */
export function partsWithLostNames(root: Part): Part[] {
  const all = (part: Part): Part[] => [part, ...part.children.flatMap(all)];
  return all(root)
    .filter(({ name = "", part }) => part !== "" && lost.test(name))
    .slice(0, maxNames);
}

/**
 * Names the parts by their own headers.
 *
 * @param headers the MIME header of each part, by its number
 */
export function withNames(root: Part, headers: ReadonlyMap<string, Uint8Array>): Part {
  const header = headers.get(root.part);
  const children = root.children.map((child) => withNames(child, headers));
  return { ...root, children, name: (header && fileNameIn(header)) || root.name };
}

function fileNameIn(header: Uint8Array): string | undefined {
  const fields = parseHeaders(header);
  const parameter = (field: string, name: string) =>
    decodeHeaderText(libmime.parseHeaderValue(headerValue(fields, field) ?? "").params[name]);
  const names = [parameter("content-disposition", "filename"), parameter("content-type", "name")];
  return names.find((name) => name !== "");
}
