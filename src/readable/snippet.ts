/** The first words of an email, from the first few hundred octets of its first part. */

import { decodeText } from "../email/charset.ts";
import { headerValue, parseHeaders } from "../email/headers.ts";
import type { Part } from "../email/part.ts";
import { decodeTransfer } from "../email/transfer-encoding.ts";
import { htmlToWords } from "../html/visible-words.ts";

/** Octets of BODY[1] fetched for a row. Past nested multiparts' own headers this leaves a line or two of text. */
export const snippetBytes = 400;
const snippetCharacters = 120;

/** `bytes` is the start of BODY[1]; `root` the email's structure. Empty when nothing readable is there yet. */
export function toSnippet(bytes: Uint8Array | undefined, root: Part): string {
  if (!bytes || bytes.length === 0) return "";
  const first = root.children[0] ?? root;
  // A server may send more than it was asked for.
  const content = Buffer.from(bytes.subarray(0, snippetBytes));
  return toWords(first.type.startsWith("multipart/") ? intoFirstChild(content, 0) : { ...first, content });
}

type Found = { type: string; charset?: string; encoding?: string; content: Buffer };

/** The first words of a part; `content` is its beginning, as it is in the email. */
export function toWords({ type, charset, encoding, content }: Found): string {
  if (!type.startsWith("text/") || type === "text/calendar") return "";
  const text = decodeText(decodeTransfer(content, encoding), charset);
  return firstWords(type === "text/html" ? htmlToWords(text) : text);
}

/** Past the boundary and the headers of a multipart's first child, and of that one's, until a text begins. */
function intoFirstChild(bytes: Buffer, depth: number): Found {
  const boundary = /(?:^|\r?\n)--[^\r\n]+\r?\n/.exec(bytes.toString("latin1"));
  if (!boundary || depth > 3) return { type: "", content: Buffer.alloc(0) };
  const inside = bytes.subarray(boundary.index + boundary[0].length);
  // A part may have no headers at all: then it begins with the empty line.
  const end = /^\r?\n|\r?\n\r?\n/.exec(inside.toString("latin1"));
  if (!end) return { type: "", content: Buffer.alloc(0) };
  const headers = parseHeaders(inside.subarray(0, end.index));
  const rest = inside.subarray(end.index + end[0].length);
  // The text ends where its sibling begins; the line may have been cut.
  const next = rest.toString("latin1").indexOf(`\n${boundary[0].trim()}`);
  const content = next < 0 ? rest : rest.subarray(0, next);
  const contentType = headerValue(headers, "content-type") ?? "text/plain";
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (type.startsWith("multipart/")) return intoFirstChild(content, depth + 1);
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1];
  const encoding = headerValue(headers, "content-transfer-encoding");
  return { type, content, ...(charset ? { charset } : {}), ...(encoding ? { encoding } : {}) };
}

function firstWords(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*>|^--[ \t]*$|^\s*[-=_*]{5,}\s*$/.test(line));
  const words = lines
    .join(" ")
    .replace(/\uFFFD+$/, "")
    .replace(/\s+/g, " ")
    .trim();
  if (words.length <= snippetCharacters) return words;
  const cut = words.slice(0, snippetCharacters);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), 80)).toWellFormed()}…`;
}
