/** Keys that link an email to its thread: Message-IDs (RFC 5322 section 3.6.4), subject, and the server's thread id. */

import { type Header, headerValue } from "./headers.ts";

/** Ordered by distance: the email itself, its parent, all ancestors. */
export const threadHeaders = ["message-id", "in-reply-to", "references"];

/** `subject` is decoded. `threadId` as the server gave it; ignored unless it is one of RFC 8474 or of Gmail. */
export function toThreadKeys(
  headers: readonly Header[],
  subject: string,
  threadId: string | undefined,
): ThreadKeys {
  const [own = [], ...others] = threadHeaders.map((name) =>
    firstAndLast(messageIdsIn(headerValue(headers, name))),
  );
  const [messageId = ""] = own;
  const ids = [...own, ...others.flat()];
  const isThreadId = typeof threadId === "string" && /^[\w-]{1,255}$/.test(threadId);
  return {
    messageId: copyOf(messageId),
    ids: [...new Set(ids)].map(copyOf),
    subject: copyOf(subject),
    threadId: isThreadId ? copyOf(threadId) : undefined,
  };
}

const messageIdsIn = (value = ""): string[] => value.match(/<[^<>\s]{1,500}>/g) ?? [];

/** The first and the last fifty: with more, unrelated ids would outnumber the useful ones. */
const firstAndLast = (ids: readonly string[]) => [...ids.slice(0, 50), ...ids.slice(50).slice(-50)];

/** A copy: a substring keeps the whole string in memory. */
const copyOf = (text: string) => Buffer.from(text).toString();

/** Keys by which the thread of an email is found. */
export type ThreadKeys = {
  /** The Message-ID; empty without one. */
  messageId: string;
  /** All Message-IDs in the headers, its own included. */
  ids: readonly string[];
  subject: string;
  /** The server's id of the thread (RFC 8474, or Gmail's), where it has one. */
  threadId?: string;
};
