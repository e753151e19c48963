/** Characters that a reader does not see, made visible: on a page where the person decides nothing may deceive. */

/**
 * Replaces controls and format characters (bidirectional, zero-width, tags) by their code points, such as `[U+202E]`.
 * Line ends and tabs stay, and the joiners that scripts and emoji need.
 */
export function showHidden(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replace(
      /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}]/gu,
      (character) => `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}
