/** Bytes to text, whatever the charset is called and whether or not it was named truly. Never throws. */
import libmime from "libmime";
import { decode } from "libmime/lib/charset.js";

/** ESC $ B and its kin: how ISO-2022-JP changes sets (RFC 1468). */
const jisEscape = new RegExp(`${String.fromCharCode(27)}[$(][@BJ]`);

/** Names that say nothing about bytes above 127. */
const saysNothing = /^(us-?ascii|ascii|unknown(-8bit)?|x-unknown|7bit|8bit|binary|default|none|)$/i;

/**
 * Text in its named charset. A name that says nothing, is unknown, or is UTF-8 over bytes that are not, is replaced
 * by what the bytes look like: UTF-8, else ISO-2022-JP when escapes say so, else windows-1252 (RFC 2045 section 5.2
 * leaves it open; this is what mail clients do).
 */
export function decodeText(bytes: Uint8Array, charset?: string): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = libmime.normalizeCharset((charset ?? "").trim().replace(/^["']|["']$/g, "") || "us-ascii");
  const utf16 = fromByteOrderMark(buffer);
  if (utf16 !== undefined) return utf16;
  if (saysNothing.test(name) || /^utf-?8$/i.test(name)) return guess(buffer);
  if (/^(windows-1252|iso-8859-1|latin-?1)$/i.test(name)) return latin(buffer);
  // GBK and GB2312 are what people write; GB18030 holds both.
  if (/^(gb2312|gbk|cp936|euc-cn)$/i.test(name)) return decode(buffer, "gb18030");
  const text = decode(buffer, name);
  // libmime falls back to UTF-8 for a name it does not know: then the bytes decide.
  return text.includes("\uFFFD") ? guess(buffer, text) : text;
}

function fromByteOrderMark(buffer: Buffer): string | undefined {
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return buffer.subarray(2).toString("utf16le");
  if (buffer[0] === 0xfe && buffer[1] === 0xff) return decode(buffer.subarray(2), "utf-16be");
  return undefined;
}

/** ISO-8859-1 is read as windows-1252, which browsers and mail clients do too; UTF-8 in disguise is recognised. */
function latin(buffer: Buffer): string {
  if (!/[\x80-\xff]/.test(buffer.toString("latin1"))) return buffer.toString("latin1");
  return strictUtf8(buffer) ?? decode(buffer, "windows-1252");
}

export const isUtf8 = (bytes: Uint8Array) => strictUtf8(bytes) !== undefined;

function strictUtf8(buffer: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer);
  } catch {
    return undefined;
  }
}

function guess(buffer: Buffer, otherwise?: string): string {
  const strict = strictUtf8(buffer) ?? withoutCutTail(buffer);
  if (strict !== undefined) return jisEscape.test(strict) ? decode(buffer, "iso-2022-jp") : strict;
  return otherwise ?? decode(buffer, "windows-1252");
}

/** A partial fetch may end in the middle of a character. */
function withoutCutTail(buffer: Buffer): string | undefined {
  for (let cut = 1; cut <= 3 && cut < buffer.length; cut += 1) {
    const text = strictUtf8(buffer.subarray(0, buffer.length - cut));
    if (text !== undefined) return text;
  }
  return undefined;
}
