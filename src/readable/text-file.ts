/** Files as text: in the charset that the sender or the file declares, or that the bytes look like. */
import { decodeText } from "../email/charset.ts";
import { charsetInHtml } from "./html-charset.ts";

/** Characters of one file that are read. */
const maxCharacters = 4_000_000;
const headBytes = 8_192;

const cutNote = `Only the first ${maxCharacters} characters were read; a download link gives the whole file.`;
const doubtNote =
  "The file does not say in which charset it is written, and was read as Windows-1252: some characters may be wrong.";

/** Undefined for a file that is not text. `notes`: doubts about the charset, and that only a part was read. */
export function decodeTextFile(
  bytes: Buffer,
  charset: string | undefined,
): { text: string; notes: string[] } | undefined {
  const declared = charset ?? utf16Charset(bytes) ?? declaredCharset(bytes);
  if (isBinary(bytes, declared)) return undefined;
  const whole = decodeText(bytes, declared);
  const text = whole.slice(0, maxCharacters).toWellFormed();
  const notes = [
    ...(text.length < whole.length ? [cutNote] : []),
    ...(declared === undefined && isDoubtful(bytes) ? [doubtNote] : []),
  ];
  return { text, notes };
}

/** Text has no NUL bytes, unless it is UTF-16, and few other controls. */
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

/** UTF-16 without a byte order mark, as some Windows programs write tables: every second byte of Latin text is 0. */
function utf16Charset(bytes: Buffer): string | undefined {
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

/** The charset that an XML or HTML document declares. */
function declaredCharset(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 1024).toString("latin1").trimStart();
  const xml = head.startsWith("<?xml") ? head.slice(0, head.indexOf("?>") + 1) : "";
  return /\sencoding=["']([\w-]+)/.exec(xml)?.[1] ?? charsetInHtml(bytes);
}

/** Neither UTF-8 nor a western European language, whose letters are mostly ASCII. */
function isDoubtful(bytes: Buffer): boolean {
  const head = bytes.subarray(0, headBytes);
  const high = head.filter((byte) => byte > 127).length;
  const plain = head.filter((byte) => /[a-z]/i.test(String.fromCharCode(byte))).length;
  if (high <= plain * 0.5) return false;
  try {
    // The head may end in the middle of a character.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return false;
  } catch {
    return true;
  }
}
