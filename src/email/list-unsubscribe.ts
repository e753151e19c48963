/** The List-Unsubscribe header (RFC 2369 section 3.2). */
import { type Header, headerValue } from "./headers.ts";

/** A longer target is not a link that a person could check. */
const maxTargetCharacters = 900;

/** Returns up to three URLs (http, https, mailto) in the order of the list's preference. */
export function unsubscribeTargets(headers: readonly Header[]): string[] {
  const value = headerValue(headers, "list-unsubscribe") ?? "";
  return [...value.matchAll(/<\s*((?:https?|mailto):[^<>\s]+)\s*>/gi)]
    .map((match) => match[1] ?? "")
    .filter((target) => target.length <= maxTargetCharacters)
    .slice(0, 3);
}
