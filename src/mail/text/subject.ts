/** What a subject is about, without what mail programs and lists put around it. */

/** Re: and Fwd: in the languages mail programs write them in, also `Re[2]:` and `AW :`. */
const prefix =
  /^\s*(re|aw|antw|sv|vs|ref|rif|res|odp|ynt|fwd?|wg|tr|vb|vl|rv|enc|pd|i|doorst|回复|答复|返信|转发|轉寄|転送)\s*(\[\d+\])?\s*[:：]/i;
/** `[list]` before, `(fwd)` behind: RFC 5256 section 2.1. */
const tag = /^\s*\[[^[\]]*\](?=\s*\S)/;
const trailer = /\(fwd\)\s*$/i;

/** RFC 5256 section 2.1, in more languages; empty when nothing is left. `subject` is decoded. */
export function toBaseSubject(subject: string): string {
  let base = subject.replace(/\s+/g, " ");
  let before: string;
  do {
    before = base;
    base = base.replace(prefix, "").replace(tag, "").replace(trailer, "");
    base = /^\s*\[fwd:(.*)\]\s*$/i.exec(base)?.[1] ?? base;
  } while (base !== before);
  return base.trim();
}
