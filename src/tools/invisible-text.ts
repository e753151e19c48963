/**
 * Removal of characters that a person does not see. Linear in the text: a character whose removal exposes another one
 * to the same rule is decided within its run, never by another pass over the whole.
 */

/** Scripts and pictographs in which a zero-width joiner or non-joiner changes the visible text. */
const joinable =
  /^[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Mongolian}\p{Extended_Pictographic}\p{Emoji_Modifier}]$|^\ufe0f$/u;
const emoji = /^\p{Emoji}$/u;

const alwaysInvisible = new RegExp(
  [
    // Controls except tab and line feed; format characters (soft hyphen, bidirectional, zero width, tags).
    "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]",
    "(?![\\u200c\\u200d])\\p{Cf}",
    // Letters without a glyph, and variation selectors, which can carry hidden data; not the emoji selector.
    "[\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u2800\\u3164\\uffa0\\ufe00-\\ufe0e]",
    // The block of tags and variation selectors, including unassigned code points.
    "[\\u{e0000}-\\u{e0fff}]",
  ].join("|"),
  "gu",
);
/** Runs of joiners and emoji selectors, which are visible in some surroundings. */
const joinerRun = /(?:[\u200c\u200d]|\ufe0f)+/g;
const emojiSelector = "\ufe0f";
const zeroWidthJoiner = "\u200d";

/** Removes and counts the invisible characters of well-formed text. */
export function removeInvisible(text: string): { text: string; removed: number } {
  let removed = 0;
  const visible = text.replace(alwaysInvisible, () => {
    removed += 1;
    return "";
  });
  const joined = visible.replace(joinerRun, (run, start: number) => {
    const kept = keepJoiners(run, codePointBefore(visible, start), codePointAt(visible, start + run.length));
    removed += run.length - kept.length;
    return kept;
  });
  return { text: joined, removed };
}

/**
 * The joiners and emoji selectors of a run that have an effect between these characters: a joiner stands between two
 * joinable characters, a selector follows an emoji or a joiner.
 */
function keepJoiners(run: string, before: string, after: string): string {
  const kept: string[] = [];
  const last = () => kept.at(-1) ?? before;
  for (const character of run) {
    if (character === emojiSelector) {
      if (emoji.test(last()) || last() === zeroWidthJoiner) kept.push(character);
      continue;
    }
    if (isJoiner(last())) kept.pop();
    if (joinable.test(last())) kept.push(character);
  }
  if (isJoiner(last()) && !joinable.test(after)) kept.pop();
  return kept.join("");
}

const isJoiner = (character: string) => character === "\u200c" || character === zeroWidthJoiner;

function codePointAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

/** The character that ends before `at`, in well-formed text. */
function codePointBefore(text: string, at: number): string {
  const last = text.charCodeAt(at - 1);
  const isTrail = last >= 0xdc00 && last <= 0xdfff;
  return at === 0 ? "" : codePointAt(text, isTrail ? at - 2 : at - 1);
}
