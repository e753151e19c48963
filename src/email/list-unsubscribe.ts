/** How a mailing list says it is left (RFC 2369 section 3.2). */
import { type Header, headerValue } from "./headers.ts";

/** What is longer is no link that a person could check, and is in the headers. */
const maxTargetCharacters = 900;

/** The list's own addresses for leaving it, https: and mailto:, its favourite first; empty when it is no list. */
export function unsubscribeTargets(headers: readonly Header[]): string[] {
  const value = headerValue(headers, "list-unsubscribe") ?? "";
  return [...value.matchAll(/<\s*((?:https?|mailto):[^<>\s]+)\s*>/gi)]
    .map((match) => match[1] ?? "")
    .filter((target) => target.length <= maxTargetCharacters)
    .slice(0, 3);
}
