/** Characters without a glyph of their own, which senders use as padding or to break up words. */

/**
 * Zero-width and filler characters, and the two private-use marks of the Markdown writer. Joiners (U+200C, U+200D)
 * only at the edges of a word: inside, Persian and emoji sequences need them.
 */
export const invisibleCharacters =
  /\u034f|[\u00ad\u180e\u200b\u200e\u200f\u2060-\u2064\u2800\ufeff\ufff9-\ufffb\ue000\ue001]|[\u200c\u200d](?=\s|$|[\u00a0\u200c])|(?<=^|\s)[\u200c\u200d]/g;

/** The number of words in a text, in any script that separates them. */
export function countWords(text: string): number {
  return text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
}
