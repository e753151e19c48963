/** Finding moved or copied emails in their destination after the connection was lost before the server's answer. */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import { headerValue, parseHeaders } from "../../email/headers.ts";
import { toReceivedAt } from "../../imap/fetched-values.ts";
import { requireSelected } from "../../imap/select.ts";

/** Fields that identify an email in another mailbox. */
export const identityQuery = { uid: true, size: true, internalDate: true, headers: ["message-id"] };

/** Two emails of the same identity cannot be told apart: Message-ID, otherwise size and time of arrival. */
export function identityOf(email: FetchMessageObject): string {
  const messageId = headerValue(parseHeaders(email.headers ?? Buffer.alloc(0)), "message-id")?.trim();
  return messageId || `${email.size ?? 0} ${toReceivedAt(email)}`;
}

/** An email that arrived in the destination. */
type Arrival = { uid: number; identity: string };

/** The emails of the selected mailbox from UID `from` on. */
export async function arrivalsFrom(imap: ImapFlow, from: number): Promise<Arrival[]> {
  const emails = await imap.fetchAll(`${from}:*`, identityQuery, { uid: true });
  // `n:*` holds the last email also when its UID is smaller than n (RFC 3501 section 6.4.8).
  return emails
    .filter((email) => email.headers && email.uid >= from)
    .map((email) => ({ uid: email.uid, identity: identityOf(email) }));
}

/** The newest emails of the selected mailbox, `count` at most. */
export async function newestArrivals(imap: ImapFlow, count: number): Promise<Arrival[]> {
  const { exists } = requireSelected(imap);
  if (exists === 0) return [];
  const emails = await imap.fetchAll(`${Math.max(1, exists - count + 1)}:*`, identityQuery);
  return emails
    .filter((email) => email.headers)
    .map((email) => ({ uid: email.uid, identity: identityOf(email) }));
}

/** Pairs source UIDs with arrivals of the same identity, each arrival once. */
export function matchArrivals(
  identities: ReadonlyMap<number, string>,
  arrivals: readonly Arrival[],
): Map<number, number> {
  const waiting = Map.groupBy(arrivals, ({ identity }) => identity);
  const pairs = new Map<number, number>();
  for (const [uid, identity] of identities) {
    const arrival = waiting.get(identity)?.shift();
    if (arrival) pairs.set(uid, arrival.uid);
  }
  return pairs;
}
