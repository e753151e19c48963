/** The ids that link one email to others (RFC 5322 section 3.6.4). */
import { type Header, headerValue } from "../text/headers.ts";

/** In the order of how near they lead: to itself, to the one before, to all before. */
export const linkHeaders = ["message-id", "in-reply-to", "references"];

/** Message ids as they stand in a header, each in its angle brackets. */
export const idsIn = (value = ""): string[] => value.match(/<[^<>\s]{1,500}>/g) ?? [];

/** Its own id, empty without one, and every id it names, its own first; of very many the first and the last. */
export function toMessageIds(headers: readonly Header[]): { messageId: string; ids: string[] } {
  const [messageId = ""] = idsIn(headerValue(headers, "message-id"));
  const ids = linkHeaders.flatMap((name) => endsOf(idsIn(headerValue(headers, name))));
  return { messageId, ids: [...new Set(ids)] };
}

/** A conversation's first emails and the last ones; what names more drowns the ids that lead on. */
const endsOf = (ids: readonly string[]) => [...ids.slice(0, 50), ...ids.slice(50).slice(-50)];
