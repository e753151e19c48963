/** Encoded words in headers (RFC 2047), also malformed ones. Never throws. */
import { decodeText } from "./charset.ts";
import type { CharsetHints } from "./charset-guess.ts";
import { charsetDecoder } from "./charset-labels.ts";
import { decodeTransfer } from "./transfer-encoding.ts";

/** `text` may be raw, against the RFC: with spaces, or with characters beyond ASCII. */
export const encodedWord = /=\?([^?\s]+)\?([bq])\?([^?]*)\?=/gi;

/**
 * Decodes the encoded words of a value. The bytes of neighboring words in one charset are joined first, since some
 * programs split characters between words (RFC 2047 section 5 forbids it). Text in an unknown charset is guessed.
 */
export function decodeEncodedWords(value: string, hints?: CharsetHints): string {
  if (!value.includes("=?")) return value;
  let text = "";
  let end = 0;
  let pending: { charset: string; pieces: Piece[] } | undefined;
  const flush = () => {
    if (pending) text += decodePieces(pending.pieces, pending.charset, hints);
    pending = undefined;
  };
  for (const match of value.matchAll(encodedWord)) {
    const [word, charset = "", encoding = "", content = ""] = match;
    const gap = value.slice(end, match.index);
    const isNeighbor = pending !== undefined && gap.trim() === "";
    if (!isNeighbor || pending?.charset.toLowerCase() !== charset.toLowerCase()) flush();
    // White space between two encoded words is not part of the text (RFC 2047 section 6.2).
    if (!isNeighbor) text += gap;
    const pieces = /q/i.test(encoding)
      ? piecesOfQ(content)
      : [decodeTransfer(Buffer.from(content), "base64")];
    pending ??= { charset, pieces: [] };
    pending.pieces.push(...pieces);
    end = match.index + word.length;
  }
  flush();
  return text + value.slice(end);
}

/** Bytes in the charset of the word, or raw characters, which were decoded together with the header. */
type Piece = Buffer | string;

function piecesOfQ(content: string): Piece[] {
  return content
    .split(/([^\0-\x7f]+)/)
    .filter((piece) => piece !== "")
    .map((piece) => (/^[\0-\x7f]/.test(piece) ? fromQ(piece) : piece));
}

/** RFC 2047 section 4.2. Raw spaces are kept. */
function fromQ(text: string): Buffer {
  const bytes = text
    .replace(/_/g, " ")
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1");
}

function decodePieces(pieces: readonly Piece[], charset: string, hints: CharsetHints | undefined): string {
  let text = "";
  let bytes: Buffer[] = [];
  const flush = () => {
    if (bytes.length > 0) text += decodeText(Buffer.concat(bytes), charset, hints);
    bytes = [];
  };
  for (const piece of pieces) {
    if (typeof piece === "string") {
      flush();
      text += piece;
    } else bytes.push(piece);
  }
  flush();
  return text;
}

/** The charsets that the encoded words of a value name, as far as they are known and not UTF-8. */
export function charsetsOfWords(value: string): string[] {
  const labels = [...value.matchAll(encodedWord)].map(([, charset = ""]) => charset);
  return [...new Set(labels)].filter((label) => (charsetDecoder(label)?.name ?? "utf-8") !== "utf-8");
}
