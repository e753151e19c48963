/** Base subjects, without the prefixes and tags of mail programs and mailing lists. */

/** Prefixes for Re: and Fwd: in other languages, also written `Re[2]:` and `AW :`. */
const prefixes = {
  reply: "re|aw|antw|sv|ref|rif|res|odp|ynt|回复|答复|返信",
  forward: "fwd?|wg|tr|vb|vl|rv|enc|pd|i|doorst|转发|轉寄|転送",
  /** A reply in Finnish, a forward in Danish and Norwegian. */
  either: "vs",
};
const toPrefix = (...alternatives: string[]) =>
  new RegExp(`^\\s*(${alternatives.join("|")})\\s*(\\[\\d+\\])?\\s*[:：]`, "i");
const reply = toPrefix(prefixes.reply, prefixes.either);
const forward = toPrefix(prefixes.forward);
const maybeForward = toPrefix(prefixes.forward, prefixes.either);
const prefix = toPrefix(prefixes.reply, prefixes.forward, prefixes.either);
/** `[list]` in front, `(fwd)` at the end (RFC 5256 section 2.1). */
const tag = /^\s*\[[^[\]]*\](?=\s*\S)/;
const trailer = /\(fwd\)\s*$/i;

export const isReplySubject = (subject: string) => reply.test(subject);
export const isForwardSubject = (subject: string) => forward.test(subject);
/** Also true for a prefix that means a reply in some languages and a forward in others. */
export const mayBeForwardSubject = (subject: string) => maybeForward.test(subject);

/** Longer subjects are cut: removing one prefix after the other takes quadratic time. */
const maxCharacters = 500;

/** Reduces a decoded subject to its base subject (RFC 5256 section 2.1), in more languages; may be empty. */
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
