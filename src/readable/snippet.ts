/** The first words of an email, from the first octets of its first part, for rows of lists. */
import { beginsMultipart } from "../email/broken-structure.ts";
import type { CharsetHints } from "../email/charset-guess.ts";
import { headerValue, parseHeaders } from "../email/headers.ts";
import { emptyPart, type Part } from "../email/part.ts";
import { decodePartContent } from "../email/part-content.ts";
import { invisibleCharacters } from "../html/invisible-characters.ts";
import { htmlToWords } from "../html/visible-words.ts";
import { decodePlainPart } from "./part-text.ts";
import { openArmor } from "./pgp-armor.ts";

/** Octets of BODY[1] fetched for a row: past the headers of nested multiparts, a line or two of text. */
export const snippetOctets = 400;
const snippetCharacters = 120;
const minSnippetCharacters = 80;
const maxMultipartDepth = 3;

/** The beginning of a text part, as it is encoded in the email. */
export type PartBeginning = {
  type: string;
  charset?: string;
  encoding?: string;
  /** From the headers of the email. */
  charsetHints?: CharsetHints;
  content: Buffer;
};

const nothing: PartBeginning = { type: "", content: Buffer.alloc(0) };

/**
 * `bytes`: the beginning of BODY[1]; `root`: the email's structure; `charsetHints`: from its headers. Empty when the
 * bytes hold no text.
 */
export function toSnippet(bytes: Uint8Array | undefined, root: Part, charsetHints?: CharsetHints): string {
  if (!bytes || bytes.length === 0) return "";
  const first = root.children[0] ?? root;
  // A server may send more than it was asked for.
  const content = Buffer.from(bytes.subarray(0, snippetOctets));
  // Of two Content-Type headers the server may believe the one that is wrong.
  const isSource = first.type === "text/plain" && beginsMultipart(content);
  const beginning =
    isSource || first.type.startsWith("multipart/") ? firstPartWithin(content, 0) : { ...first, content };
  return firstWordsOf({ ...beginning, charsetHints });
}

/** The first words of a part; empty for one that is not text. */
export function firstWordsOf({ type, charset, encoding, charsetHints, content }: PartBeginning): string {
  if (!type.startsWith("text/")) return "";
  const octets = decodePartContent({ type, encoding }, content);
  const text = decodePlainPart({ ...emptyPart, type, charset }, { contentOf: () => octets, charsetHints });
  if (type === "text/calendar") return shortenSnippet(summaryOf(text));
  return shortenSnippet(type === "text/html" ? htmlToWords(withoutCutTag(text)) : openArmor(text).text);
}

/** A tag whose name is cut off is text for the parser. */
const withoutCutTag = (html: string) => html.replace(/<\/?$/, "");

/** The property SUMMARY (RFC 5545 section 3.8.1.12) with its escapes undone. */
function summaryOf(calendar: string): string {
  const [, summary = ""] =
    /^SUMMARY[^:\r\n\u2028\u2029]*:(.*)$/im.exec(calendar.replace(/\r?\n[ \t]/g, "")) ?? [];
  return summary.replace(/\\n/gi, " ").replace(/\\([,;\\])/g, "$1");
}

/** Skips boundaries and headers of multiparts up to the first part with content. */
function firstPartWithin(bytes: Buffer, depth: number): PartBeginning {
  const boundary = /(?:^|\r?\n)--[^\r\n]+\r?\n/.exec(bytes.toString("latin1"));
  if (!boundary || depth > maxMultipartDepth) return nothing;
  const part = bytes.subarray(boundary.index + boundary[0].length);
  // A part without headers begins with the empty line.
  const end = /^\r?\n|\r?\n\r?\n/.exec(part.toString("latin1"));
  if (!end) return nothing;
  const headers = parseHeaders(part.subarray(0, end.index));
  const rest = part.subarray(end.index + end[0].length);
  // The part ends at the boundary of the next one, of which the end may be cut off.
  const next = rest.toString("latin1").indexOf(`\n${boundary[0].trim()}`);
  const content = next < 0 ? rest : rest.subarray(0, next);
  const contentType = headerValue(headers, "content-type") ?? "text/plain";
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (type.startsWith("multipart/")) return firstPartWithin(content, depth + 1);
  return {
    type,
    content,
    charset: /charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1],
    encoding: headerValue(headers, "content-transfer-encoding"),
  };
}

/** Shortens a preview that the mail server made (RFC 8970), without the padding that senders put behind it. */
export const shortenPreview = (preview: string): string => shortenSnippet(preview);

/** Leaves out quotes, signature delimiters, rules and invisible characters, and cuts at a word. */
function shortenSnippet(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*>|^--[ \t]*$|^\s*[-=_*]{5,}\s*$/.test(line));
  const visible = withoutCutCharacter(lines.join(" ")).replace(invisibleCharacters, "");
  const words = visible.replace(/\s+/g, " ").trim();
  if (words.length <= snippetCharacters) return words;
  const cut = words.slice(0, snippetCharacters);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), minSnippetCharacters)).toWellFormed()}…`;
}

/** The last character may be cut in the middle of its octets. */
function withoutCutCharacter(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\uFFFD") end -= 1;
  return text.slice(0, end);
}
