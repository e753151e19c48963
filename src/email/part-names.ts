/** File names that are lost in BODYSTRUCTURE: raw 8-bit bytes, and encoded words in rare charsets. */
import libmime from "libmime";
import { headerValue, parseHeaders } from "./headers.ts";
import { decodeFileName, type Part } from "./part.ts";

/** Names that are looked up in one email. */
const maxNames = 50;

/**
 * U+FFFD for raw bytes that are not UTF-8, also as an encoded word in Latin or Cyrillic shows its octets, and the escapes
 * of 7-bit encodings that imapflow does not decode.
 */
const lost = /[\uFFFD\p{Cc}]|~\{|ï¿½|пїЅ|О©╫/u;

/** A name without quotes ends at its first space for the mail server: it has no extension then. */
const isCut = ({ name = "", type }: Part) =>
  name !== "" && !name.includes(".") && /^(application|image|audio|video)\//.test(type);

/** The parts whose names BODYSTRUCTURE does not give, or imapflow cannot decode. */
export function partsWithLostNames(root: Part): Part[] {
  const all = (part: Part): Part[] => [part, ...part.children.flatMap(all)];
  return all(root)
    .filter((part) => part.part !== "" && (lost.test(part.name ?? "") || isCut(part)))
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
    decodeFileName(libmime.parseHeaderValue(headerValue(fields, field) ?? "").params[name]);
  const names = [parameter("content-disposition", "filename"), parameter("content-type", "name")];
  return names.find((name) => name !== "");
}
