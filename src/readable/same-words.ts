/** The comparison of a text with its HTML form, where a sender put them beside each other. */

/** A text part leaves out link targets, and writes some things in its own way. */
const maxOtherWords = 0.05;

/** True when nearly all words of `plain` are in `html`, which is about as long. Both are text. */
export function haveSameWords(plain: string, html: string): boolean {
  const [first = [], second = []] = [plain, html].map(
    (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [],
  );
  const known = new Set(second);
  const missing = first.filter((word) => !known.has(word)).length;
  return (
    first.length > 0 && missing <= maxOtherWords * first.length && second.length <= 1.5 * first.length + 20
  );
}
