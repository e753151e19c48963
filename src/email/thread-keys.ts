/** What links an email to others: its ids (RFC 5322 section 3.6.4), its subject, its server's number for all of them. */

import { type Header, headerValue } from "./headers.ts";

/** In the order of how near they lead: to itself, to the one before, to all before. */
export const threadHeaders = ["message-id", "in-reply-to", "references"];

/** `subject` is decoded. `threadId`: as a server told it, if it did; what is no number of RFC 8474 or Gmail's is none. */
export function toThreadKeys(
  headers: readonly Header[],
  subject: string,
  threadId: string | undefined,
): ThreadKeys {
  const [own = [], ...others] = threadHeaders.map((name) => endsOf(idsIn(headerValue(headers, name))));
  const [messageId = ""] = own;
  const ids = [...own, ...others.flat()];
  const isNumber = typeof threadId === "string" && /^[\w-]{1,255}$/.test(threadId);
  return {
    messageId: alone(messageId),
    ids: [...new Set(ids)].map(alone),
    subject: alone(subject),
    ...(isNumber ? { threadId: alone(threadId) } : {}),
  };
}

const idsIn = (value = ""): string[] => value.match(/<[^<>\s]{1,500}>/g) ?? [];

/** A conversation's first emails and the last ones; what names more drowns the ids that lead on. */
const endsOf = (ids: readonly string[]) => [...ids.slice(0, 50), ...ids.slice(50).slice(-50)];

/** A copy: a piece of a text keeps all of the text in memory. */
const alone = (text: string) => Buffer.from(text).toString();

/** What an email's conversation is found by. */
export type ThreadKeys = {
  /** Its Message-ID, empty without one. */
  messageId: string;
  /** Ids that it names, its own among them. */
  ids: readonly string[];
  subject: string;
  /** The number its server gives the conversation (RFC 8474, or Gmail's), where it gives one. */
  threadId?: string;
};
