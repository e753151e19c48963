/** Finding moved or copied emails in their destination, where no answer of the server names them. */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import { headerValue, parseHeaders } from "../../email/headers.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { lowerCaseFlags, toReceivedAt } from "../../imap/fetched-values.ts";
import { requireSelected } from "../../imap/select.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import { toContentHash } from "../../secrets.ts";

/** Fields that identify an email in another mailbox. */
const identityQuery = { uid: true, flags: true, size: true, internalDate: true, headers: ["message-id"] };

/** An email of the selected mailbox. */
type IdentifiedEmail = { uid: number; identity: string; isDeleted: boolean };

/**
 * Returns the identities of fetched emails: the Message-ID, otherwise size, time of arrival and a hash of the header.
 * Emails of one identity cannot be told apart. One more FETCH where emails have no Message-ID.
 */
async function identify(imap: ImapFlow, emails: readonly FetchMessageObject[]): Promise<IdentifiedEmail[]> {
  const fetched = emails
    .filter(({ headers }) => headers !== undefined)
    .map((email) => ({ email, messageId: messageIdOf(email) }));
  const nameless = fetched.filter(({ messageId }) => messageId === "").map(({ email }) => email.uid);
  const whole =
    nameless.length === 0 ? [] : await fetchByUid(imap, toUidSet(nameless), { uid: true, headers: true });
  const hashes = new Map(
    whole.map(({ uid, headers = Buffer.alloc(0) }) => [uid, toContentHash(headers.toString("latin1"))]),
  );
  return fetched.map(({ email, messageId }) => ({
    uid: email.uid,
    identity: messageId || `${email.size ?? 0} ${toReceivedAt(email)} ${hashes.get(email.uid) ?? ""}`,
    isDeleted: lowerCaseFlags(email).has("\\deleted"),
  }));
}

function messageIdOf({ headers = Buffer.alloc(0) }: FetchMessageObject): string {
  return headerValue(parseHeaders(headers), "message-id")?.trim() ?? "";
}

/** Identifies the emails of a UID set in the selected mailbox. */
export async function identifyByUid(imap: ImapFlow, uidSet: string): Promise<IdentifiedEmail[]> {
  return identify(imap, await fetchByUid(imap, uidSet, identityQuery));
}

/** Identities by UID. */
export const toIdentities = (emails: readonly IdentifiedEmail[]): Map<number, string> =>
  new Map(emails.map(({ uid, identity }) => [uid, identity]));

/** The emails of the selected mailbox from UID `from` on. */
export async function arrivalsFrom(imap: ImapFlow, from: number): Promise<IdentifiedEmail[]> {
  const emails = await imap.fetchAll(`${from}:*`, identityQuery, { uid: true });
  // `n:*` holds the last email also when its UID is smaller than n (RFC 3501 section 6.4.8).
  return identify(
    imap,
    emails.filter(({ uid }) => uid >= from),
  );
}

/** The newest emails of the selected mailbox, `count` at most. */
export async function newestArrivals(imap: ImapFlow, count: number): Promise<IdentifiedEmail[]> {
  const { exists } = requireSelected(imap);
  if (exists === 0) return [];
  return identify(imap, await imap.fetchAll(`${Math.max(1, exists - count + 1)}:*`, identityQuery));
}

/** The UID that the next email of the selected mailbox gets at least: one more than the highest there is. */
export async function highestUid(imap: ImapFlow): Promise<number> {
  if (requireSelected(imap).exists === 0) return 0;
  const [last] = await imap.fetchAll("*", { uid: true });
  return last?.uid ?? 0;
}

/** Pairs source UIDs with arrivals of the same identity, each arrival once. */
export function matchArrivals(
  identities: ReadonlyMap<number, string>,
  arrivals: readonly IdentifiedEmail[],
): Map<number, number> {
  const waiting = Map.groupBy(arrivals, ({ identity }) => identity);
  const pairs = new Map<number, number>();
  for (const [uid, identity] of identities) {
    const arrival = waiting.get(identity)?.shift();
    if (arrival) pairs.set(uid, arrival.uid);
  }
  return pairs;
}
