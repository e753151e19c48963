/** Emails whose structure a mail server cannot see: a lost boundary, or headers that never end. */
import { type MimeTree, parseMultipartBody } from "./mime-tree.ts";

/** Octets in which the first boundary line must be. */
const maxPreamble = 2_000;

/** A boundary line and a header of the part behind it. */
const firstBoundary = /(?:^|\n)--([^\r\n]{1,70})\r?\n(?:content-[a-z-]{1,40}:|\r?\n)/i;

/**
 * Parses text that is the source of a multipart body: its headers have no boundary, a wrong one, or a second
 * Content-Type. Undefined for other text. Never throws.
 */
export function parseMultipartSource(octets: Buffer): MimeTree | undefined {
  const start = octets.subarray(0, maxPreamble).toString("latin1");
  const match = firstBoundary.exec(start);
  const preamble = start.slice(0, match?.index).trim();
  const boundary = match?.[1]?.trimEnd() ?? "";
  if (boundary === "" || (preamble !== "" && !/multi-?part|mime/i.test(preamble))) return undefined;
  // Text may begin with two dashes; a boundary comes again.
  const again = octets.indexOf(`\n--${boundary}`, (match?.index ?? 0) + boundary.length, "latin1");
  return again < 0 ? undefined : parseMultipartBody(octets, boundary);
}

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
