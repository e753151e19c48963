/** Emails whose structure a mail server cannot see: a lost boundary, or headers that never end. */
import { type MimeTree, parseMultipartBody } from "./mime-tree.ts";

/** Octets in which the first boundary line must be. */
const maxPreamble = 2_000;

/**
 * Parses text that is the source of a multipart body: its headers have no boundary, a wrong one, or a second
 * Content-Type. Undefined for other text. Never throws.
 */
export function parseMultipartSource(octets: Buffer): MimeTree | undefined {
  const found = firstBoundary(octets);
  if (!found) return undefined;
  // Text may begin with two dashes; a boundary comes again.
  const again = octets.indexOf(`\n--${found.boundary}`, found.end, "latin1");
  return again < 0 ? undefined : parseMultipartBody(octets, found.boundary);
}

/** True when octets begin as the source of a multipart body does. */
export const beginsMultipart = (octets: Buffer): boolean => firstBoundary(octets) !== undefined;

/** The boundary that begins a text, behind at most a sentence about MIME, and an octet behind it. */
function firstBoundary(octets: Buffer): { boundary: string; end: number } | undefined {
  const lines = octets.subarray(0, maxPreamble).toString("latin1").split("\n");
  const first = lines.findIndex((line, at) => isBoundary(line, lines[at + 1] ?? "x"));
  const boundary = lines[first]?.slice(2).trimEnd() ?? "";
  const preamble = lines.slice(0, Math.max(first, 0)).join("\n");
  if (boundary === "" || (preamble.trim() !== "" && !/multi-?part|mime/i.test(preamble))) return undefined;
  return { boundary, end: preamble.length + boundary.length };
}

/** A boundary line, and a header of the part behind it or the empty line of a part without headers. */
const isBoundary = (line: string, next: string) =>
  line.startsWith("--") &&
  line.trimEnd().length <= maxBoundaryLine &&
  (next.trim() === "" || /^content-[a-z-]{1,40}:/i.test(next));

/** RFC 2046 section 5.1.1: a boundary has at most 70 characters. */
const maxBoundaryLine = 72;

/** Header fields, and lines that continue one (RFC 5322 section 2.2). */
const fieldOrContinuation = /^(?:[!-9;-~]+[ \t]*:|[ \t]|>?From )/;

/**
 * The text of an email without an empty line between its headers and its text: everything from the first line that is
 * no header field. Undefined when there is none.
 */
export function textInHeaders(header: Buffer): Buffer | undefined {
  const source = header.toString("latin1");
  for (let start = 0; start < source.length; ) {
    const newline = source.indexOf("\n", start);
    const end = newline < 0 ? source.length : newline + 1;
    const line = source.slice(start, end).trimEnd();
    if (line !== "" && !fieldOrContinuation.test(line)) return header.subarray(start);
    start = end;
  }
  return undefined;
}
