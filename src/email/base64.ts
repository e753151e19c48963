/** Base64 as it is found in email (RFC 2045 section 6.8). */

/** Decodes base64; characters that are not of its alphabet are skipped. */
export function decodeBase64(text: string): Buffer {
  // Padding in the middle, from pieces that were joined, ends a group, not the content.
  const pieces = text.replace(/[^A-Za-z0-9+/=]/g, "").split("=");
  return Buffer.concat(pieces.filter((piece) => piece !== "").map((piece) => Buffer.from(piece, "base64")));
}

const minTextOctets = 12;

/**
 * Decodes base64 with blanks, stray characters, the alphabet of URLs (RFC 4648 section 5) or a missing end, when the
 * result is UTF-8 text. Undefined otherwise: words that are read as base64 are never UTF-8.
 */
export function decodeDamagedBase64(text: string): Buffer | undefined {
  const isUrlSafe = !/[+/]/.test(text) && /^[\w\s=-]*$/.test(text);
  const decoded = decodeBase64(isUrlSafe ? text.replaceAll("-", "+").replaceAll("_", "/") : text);
  return decoded.length >= minTextOctets && isUtf8Text(decoded) ? decoded : undefined;
}

/** True for UTF-8 without control characters; its last character may be cut. */
export function isUtf8Text(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return !/[^\P{Cc}\t\n\r\f]/u.test(text);
  } catch {
    return false;
  }
}

/** True for a line with a character that base64 does not have, or with words. */
export function isWordLine(line: string): boolean {
  const content = line.trim();
  return /[^A-Za-z0-9+/=]/.test(content);
}

/** Lines of a notice that a gateway puts before the content. */
const maxNoticeLines = 20;

/**
 * The position at which base64 follows a notice in words, as gateways put it before the content; 0 when none does. The
 * lines behind the notice must be base64 that decodes to text.
 */
export function base64AfterNotice(text: string): number {
  let start = 0;
  for (let lines = 0; lines < maxNoticeLines; lines += 1) {
    const newline = text.indexOf("\n", start);
    const line = newline < 0 ? text.slice(start) : text.slice(start, newline);
    if (line.trim() !== "" && !isWordLine(line) && line.trim().length % 4 === 0) break;
    if (newline < 0) return 0;
    start = newline + 1;
  }
  // A line of base64 with a stray character is no notice.
  if (!/\S[ \t]\S/.test(text.slice(0, start))) return 0;
  const content = text.slice(start);
  const end = base64Footer(content);
  return end > 0 && decodeDamagedBase64(content.slice(0, end)) ? start : 0;
}

/**
 * The position at which text follows base64, as mailing lists append it; the length when none does. 0: the content is
 * text altogether. Single bad lines are no text: most lines behind them must be words, too.
 */
export function base64Footer(text: string): number {
  const lines: { start: number; isWords: boolean; isAligned: boolean }[] = [];
  let digits = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline + 1;
    const line = text.slice(start, end);
    if (line.trim() !== "") lines.push({ start, isWords: isWordLine(line), isAligned: digits % 4 === 0 });
    digits += line.replace(/[^A-Za-z0-9+/=]/g, "").length;
    start = end;
  }
  const [first] = lines;
  const second = lines[1];
  const startsWithWords = first?.isWords || second?.isAligned === false || (!second && digits % 4 === 1);
  if (startsWithWords && lines.filter(({ isWords }) => isWords).length * 2 >= lines.length - 1) return 0;
  let words = 0;
  let footer = text.length;
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const line = lines[at];
    if (!line?.isWords) continue;
    words += 1;
    // The digits of a footer's own lines count as well, so only its first line must be aligned.
    if (words * 2 >= lines.length - at && line.isAligned) footer = line.start;
  }
  return footer;
}
