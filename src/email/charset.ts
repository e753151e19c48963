/**
 * Bytes to text by the declared charset, as far as the bytes agree with it. Text whose charset is undeclared, unknown or
 * contradicted by its bytes is judged: byte order mark, ISO-2022 escapes, valid UTF-8, then a guess.
 */
import { isAscii } from "node:buffer";
import { type CharsetHints, guessCharset } from "./charset-guess.ts";
import { type CharsetDecoder, charsetDecoder, countInvalid } from "./charset-labels.ts";

export type DecodedText = {
  text: string;
  /** The charset in lower case, when it was guessed from statistics. */
  guessed?: string;
};

/** Decodes text in its declared charset, or in the one its bytes suggest. Never throws. */
export function decodeText(bytes: Uint8Array, charset?: string, hints?: CharsetHints): string {
  return judgeText(bytes, charset, hints).text;
}

/** As `decodeText`, and says whether the charset is a guess. `bytes` may end in the middle of a character. */
export function judgeText(bytes: Uint8Array, charset = "", hints?: CharsetHints): DecodedText {
  const marked = fromByteOrderMark(bytes);
  if (marked !== undefined) return { text: marked };
  const declared = charsetDecoder(charset);
  if (!declared) return judgeUndeclared(bytes, hints);
  if (declared.name === "utf-8") return judgeUtf8(bytes, hints);
  if (declared.kind === "single-byte" && isAscii(bytes))
    return { text: fromEscapes(bytes) ?? declared.decode(bytes) };
  // UTF-8 is hardly ever anything else: in a single-byte charset it would be nonsense, unless it is very short.
  const utf8 = declared.kind === "single-byte" ? strictUtf8(bytes) : undefined;
  if (utf8 !== undefined && (declared.name === "windows-1252" || /[^\0-\x7f].*[^\0-\x7f]/s.test(utf8)))
    return { text: utf8 };
  const text = declared.decode(bytes);
  const invalid = countInvalid(text);
  if (invalid === 0 && !isContradicted(declared, bytes)) return { text };
  return judgeContradicted(bytes, { text, invalid }, hints, charset);
}

export const isUtf8 = (bytes: Uint8Array) => strictUtf8(bytes) !== undefined;

const latin1 = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength).toString("latin1");

function fromByteOrderMark(bytes: Uint8Array): string | undefined {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) {
    const label = third === 0 && fourth === 0 ? "utf-32" : "utf-16le";
    return charsetDecoder(label)?.decode(bytes);
  }
  if (first === 0xfe && second === 0xff) return charsetDecoder("utf-16be")?.decode(bytes);
  return undefined;
}

/** ESC $ B and others: changes of the character set in ISO-2022-JP (RFC 1468), ISO-2022-KR and ISO-2022-CN. */
function fromEscapes(bytes: Uint8Array): string | undefined {
  if (!bytes.includes(0x1b)) return undefined;
  const text = latin1(bytes);
  if (text.includes("\x1b$)C")) return charsetDecoder("iso-2022-kr")?.decode(bytes);
  if (text.includes("\x1b$)A")) return charsetDecoder("iso-2022-cn")?.decode(bytes);
  return ["\x1b$B", "\x1b$@", "\x1b(J", "\x1b$(D"].some((sequence) => text.includes(sequence))
    ? charsetDecoder("iso-2022-jp")?.decode(bytes)
    : undefined;
}

function judgeUndeclared(bytes: Uint8Array, hints: CharsetHints | undefined): DecodedText {
  if (isAscii(bytes)) return { text: fromEscapes(bytes) ?? latin1(bytes) };
  const utf8 = strictUtf8(bytes);
  if (utf8 !== undefined) return { text: utf8 };
  const { text, valid, invalid } = lenientUtf8(bytes);
  if (valid > 0 && valid >= 4 * invalid) return { text };
  return guess(bytes, hints);
}

/** A few bad bytes leave UTF-8 what it is: they become U+FFFD, as in browsers. */
function judgeUtf8(bytes: Uint8Array, hints: CharsetHints | undefined): DecodedText {
  if (isAscii(bytes)) return { text: fromEscapes(bytes) ?? latin1(bytes) };
  const { text, valid, invalid } = lenientUtf8(bytes);
  return invalid === 0 || (valid > 0 && valid >= invalid) ? { text } : guess(bytes, hints);
}

/** In a multi-byte charset: keeps the declared one unless another explains the bytes without an error. */
function judgeContradicted(
  bytes: Uint8Array,
  declared: { text: string; invalid: number },
  hints: CharsetHints | undefined,
  charset: string,
): DecodedText {
  const utf8 = strictUtf8(bytes);
  if (utf8 !== undefined) return { text: utf8 };
  const high = bytes.filter((byte) => byte > 127).length;
  // A damaged character or two in a longer text are no reason to doubt what is declared.
  if (declared.invalid > 0 && declared.invalid * 20 <= high) return { text: declared.text };
  const guessed = guess(bytes, { ...hints, charsets: [...(hints?.charsets ?? []), charset] });
  return countInvalid(guessed.text) < Math.max(declared.invalid, 1) ? guessed : { text: declared.text };
}

/** windows-1252 leaves five bytes undefined; text that has them is in another charset. */
function isContradicted({ name }: CharsetDecoder, bytes: Uint8Array): boolean {
  return name === "windows-1252" && bytes.some((byte) => [0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte));
}

function guess(bytes: Uint8Array, hints: CharsetHints | undefined): DecodedText {
  const decoder = guessCharset(bytes, hints);
  return decoder ? { text: decoder.decode(bytes), guessed: decoder.name } : { text: latin1(bytes) };
}

/** The text if all of it is UTF-8. The last character may be cut, but only behind others beyond ASCII. */
function strictUtf8(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return isAscii(bytes) || /[^\0-\x7f]/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Text with U+FFFD for invalid bytes, and the numbers of characters above U+007F and of invalid sequences. */
function lenientUtf8(bytes: Uint8Array): { text: string; valid: number; invalid: number } {
  const text = new TextDecoder("utf-8").decode(bytes, { stream: true });
  let valid = 0;
  let invalid = 0;
  for (const character of text) {
    if (character === "\uFFFD") invalid += 1;
    else if (character > "\u007f") valid += 1;
  }
  return { text, valid, invalid };
}
