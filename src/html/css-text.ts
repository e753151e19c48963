/** Operations on CSS source text. Linear. */

/** Replaces each comment by a space. An unclosed one runs to the end (CSS Syntax level 3, section 4.3.2). */
export function withoutComments(text: string): string {
  let result = "";
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf("/*", at);
    if (start < 0) return result + text.slice(at);
    result += `${text.slice(at, start)} `;
    const end = text.indexOf("*/", start + 2);
    if (end < 0) return result;
    at = end + 2;
  }
  return result;
}

/** `n\\6fne` -> `none` (CSS Syntax level 3, section 4.3.7). */
export function withoutEscapes(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(?:([0-9a-f]{1,6})\s?|([^0-9a-f\n]))/gi, (_, hex?: string, character?: string) => {
    const code = Number.parseInt(hex ?? "", 16);
    // An escaped delimiter delimits nothing.
    if (character !== undefined) return /[a-z-]/i.test(character) ? character : "\uFFFD";
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\uFFFD";
  });
}

/** Splits at a separator that is outside of parentheses and quotes. */
export function splitTopLevel(text: string, separator: string): string[] {
  const pieces: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote) {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "(") depth += 1;
    else if (character === ")") depth = Math.max(0, depth - 1);
    else if (character === separator && depth === 0) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
}
