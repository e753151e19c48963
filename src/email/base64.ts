/** Base64 as it is found in email (RFC 2045 section 6.8). */

/** Decodes base64; characters that are not of its alphabet are skipped. */
export function decodeBase64(text: string): Buffer {
  // Padding in the middle, from pieces that were joined, ends a group, not the content.
  const pieces = text.replace(/[^A-Za-z0-9+/=]/g, "").split("=");
  return Buffer.concat(pieces.filter((piece) => piece !== "").map((piece) => Buffer.from(piece, "base64")));
}

/** True for a line with a character that base64 does not have, or with words. */
export function isWordLine(line: string): boolean {
  const content = line.trim();
  return /[^A-Za-z0-9+/=]/.test(content);
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
