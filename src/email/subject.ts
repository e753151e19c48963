/** What a subject is about, without what mail programs and lists put around it. */

/** What mail programs write for Re: and Fwd: in other languages, also `Re[2]:` and `AW :`. */
const words = {
  reply: "re|aw|antw|sv|ref|rif|res|odp|ynt|回复|答复|返信",
  forward: "fwd?|wg|tr|vb|vl|rv|enc|pd|i|doorst|转发|轉寄|転送",
  /** An answer in Finnish, a forward in Danish and Norwegian. */
  either: "vs",
};
const toPrefix = (...alternatives: string[]) =>
  new RegExp(`^\\s*(${alternatives.join("|")})\\s*(\\[\\d+\\])?\\s*[:：]`, "i");
const reply = toPrefix(words.reply, words.either);
const forward = toPrefix(words.forward);
const maybeForward = toPrefix(words.forward, words.either);
const prefix = toPrefix(words.reply, words.forward, words.either);
/** `[list]` before, `(fwd)` behind: RFC 5256 section 2.1. */
const tag = /^\s*\[[^[\]]*\](?=\s*\S)/;
const trailer = /\(fwd\)\s*$/i;

export const isReplySubject = (subject: string) => reply.test(subject);
export const isForwardSubject = (subject: string) => forward.test(subject);
/** Where a forward taken for an answer would be worse than the other way round. */
export const mayBeForwardSubject = (subject: string) => maybeForward.test(subject);

/** Past it a subject is nobody's; taking `Re:` after `Re:` away takes the square of the length. */
const maxCharacters = 500;

/** RFC 5256 section 2.1, in more languages; empty when nothing is left. `subject` is decoded. */
export function toBaseSubject(subject: string): string {
  let base = subject.slice(0, maxCharacters).replace(/\s+/g, " ");
  let before: string;
  do {
    before = base;
    base = base.replace(prefix, "").replace(tag, "").replace(trailer, "");
    base = /^\s*\[fwd:(.*)\]\s*$/i.exec(base)?.[1] ?? base;
  } while (base !== before);
  return base.trim();
}
