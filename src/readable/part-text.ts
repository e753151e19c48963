/** The text of one part of an email in Unicode. */
import { type DecodedText, judgeText } from "../email/charset.ts";
import type { CharsetHints } from "../email/charset-guess.ts";
import { charsetDecoder } from "../email/charset-labels.ts";
import type { Part } from "../email/part.ts";
import { charsetInHtml } from "./html-charset.ts";

/** Returns the octets of a part without its transfer encoding, as far as they are known. */
export type ContentOf = (part: Part) => Buffer | undefined;

export type PartDecoding = {
  contentOf: ContentOf;
  /** From the headers of the email. */
  charsetHints?: CharsetHints;
};

export function decodePart(part: Part, decoding: PartDecoding): string {
  return judgePart(part, decoding).text;
}

const enrichedCharacters: Readonly<Record<string, string>> = { "<<": "<", "<lt>": "<", "<nl>": "\n" };

/**
 * The words of a part; of text/enriched without its tags (RFC 1896: `<<` is a literal `<`), nor those of its predecessor
 * text/richtext (RFC 1341 section 7.1.3: `<nl>` breaks a line).
 */
export function decodePlainPart(part: Part, decoding: PartDecoding): string {
  const source = decodePart(part, decoding);
  return /^text\/(enriched|richtext)$/.test(part.type)
    ? source.replace(/<<|<\/?[a-z]+>/gi, (tag) => enrichedCharacters[tag.toLowerCase()] ?? "")
    : source;
}

/** The charsets that had to be guessed for these parts. */
export function guessedCharsets(parts: readonly Part[], decoding: PartDecoding): string[] {
  const guessed = parts.map((part) => judgePart(part, decoding).guessed);
  return [...new Set(guessed.filter((charset) => charset !== undefined))];
}

function judgePart(part: Part, { contentOf, charsetHints }: PartDecoding): DecodedText {
  const bytes = contentOf(part) ?? Buffer.alloc(0);
  // Servers report us-ascii for a part without a charset (RFC 3501 section 7.4.2).
  const isUndeclared = charsetDecoder(part.charset ?? "") === undefined;
  const inHtml = part.type === "text/html" ? charsetInHtml(bytes) : undefined;
  const charsets = [...(charsetHints?.charsets ?? []), ...(inHtml ? [inHtml] : [])];
  return judgeText(bytes, (isUndeclared ? inHtml : undefined) ?? part.charset, { ...charsetHints, charsets });
}
