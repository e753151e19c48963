/** A file's bytes as text, when they are text: by what its sender says they are written in, or what they look like. */
import { decodeText } from "../email/charset.ts";

/** Characters of one file that are looked at. */
const maxCharacters = 4_000_000;
const headBytes = 8_192;

const cutNote = `Only the first ${maxCharacters} characters were read; a download link gives the whole.`;
const doubtNote =
  "The file does not say in which charset it is written, and was read as Windows-1252: its letters may be wrong.";

/** Undefined when it is no text. */
export function toTextFile(
  bytes: Buffer,
  charset: string | undefined,
): { text: string; notes: string[] } | undefined {
  const named = charset ?? wideCharset(bytes) ?? ownCharset(bytes);
  if (isBinary(bytes, named)) return undefined;
  const whole = decodeText(bytes, named);
  const text = whole.slice(0, maxCharacters).toWellFormed();
  const notes = [
    ...(text.length < whole.length ? [cutNote] : []),
    ...(named === undefined && isDoubtful(bytes) ? [doubtNote] : []),
  ];
  return { text, notes };
}

/** Text has no zero bytes, unless it is UTF-16, and few other controls. */
function isBinary(bytes: Buffer, charset: string | undefined): boolean {
  if (
    /utf-?(16|32)/i.test(charset ?? "") ||
    /^(\xff\xfe|\xfe\xff)/.test(bytes.subarray(0, 2).toString("latin1"))
  )
    return false;
  const head = bytes.subarray(0, headBytes);
  const controls = head.filter(
    (byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12 && byte !== 27,
  ).length;
  return head.includes(0) || controls > head.length * 0.02;
}

/** UTF-16 without its mark, as some programs of Windows write tables: of Latin letters every second byte is zero. */
function wideCharset(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, headBytes);
  const zeros = [0, 0];
  head.forEach((byte, at) => {
    if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = zeros;
  const most = head.length / 2;
  if (odd > most * 0.4 && even === 0) return "utf-16le";
  return even > most * 0.4 && odd === 0 ? "utf-16be" : undefined;
}

/** What XML and HTML say of themselves. */
function ownCharset(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 1024).toString("latin1");
  return (/^\s*<\?xml[^>]*\sencoding=["']([\w-]+)/.exec(head) ??
    /<meta[^>]*\scharset=["']?([\w-]+)/i.exec(head))?.[1];
}

/** Neither UTF-8 nor a language of western Europe, whose letters are mostly plain ones. */
function isDoubtful(bytes: Buffer): boolean {
  const head = bytes.subarray(0, headBytes);
  const high = head.filter((byte) => byte > 127).length;
  const plain = head.filter((byte) => /[a-z]/i.test(String.fromCharCode(byte))).length;
  if (high <= plain * 0.5) return false;
  try {
    // A head may end in the midst of a letter.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return false;
  } catch {
    return true;
  }
}
