/**
 * UID ranges in which a very large mailbox is searched, the newest first: side by side over the account's connections,
 * each with an answer small enough to parse, so that a slow server leaves out the oldest emails.
 *
 * Dovecot sends no EXPUNGE in the answer to a search by UIDs (RFC 9051 section 7.5.1), so emails that another client
 * removed since the last NOOP may still be counted.
 */

import type { ImapFlow } from "imapflow";
import { fetchBySequence } from "../../imap/fetch.ts";
import { toReceivedAt } from "../../imap/fetched-values.ts";
import type { Boundary, MailboxCache } from "../../imap/mailbox-cache.ts";
import { atom, ignoreRefusal, type SearchToken } from "../../imap/raw-search.ts";
import { requireSelected } from "../../imap/select.ts";
import type { Query } from "../../query/query.ts";
import { asksParts } from "./find-matches.ts";

export type UidRange = {
  /** SEARCH keys that match exactly the range; none for a whole mailbox. */
  keys: readonly SearchToken[];
  /** INTERNALDATE of its last email, in milliseconds; undefined for the newest range. */
  until: number | undefined;
};

export const wholeMailbox: UidRange = { keys: [], until: undefined };

export type RangeSizes = {
  /** Emails up to which a mailbox is searched whole. */
  whole: number;
  /** The same for words in the text, for which many servers open every email. */
  wholeText: number;
  /** Emails of the largest range: imapflow closes the connection at an answer of 200,000 numbers. */
  largest: number;
};

export const rangeSizes: RangeSizes = { whole: 50_000, wholeText: 20_000, largest: 100_000 };

/**
 * The ranges of the selected mailbox, newest first; one round trip where there are several, until they are remembered.
 * `spare`: another connection is idle; without one, a quick search covers the mailbox whole.
 */
export async function uidRangesOf(
  imap: ImapFlow,
  query: Query | undefined,
  cache: MailboxCache,
  { sizes, spare }: { sizes: RangeSizes; spare: boolean },
): Promise<UidRange[]> {
  const { exists } = requireSelected(imap);
  const slow = isSlow(imap, query);
  const { whole, wholeText, largest } = sizes;
  const atOnce = slow ? wholeText : spare ? whole : largest;
  // A condition on attachments is checked on the newest few thousand emails only (find-matches.ts).
  const isWhole = exists <= atOnce || (query !== undefined && asksParts(query));
  const counts = isWhole
    ? [exists]
    : toCounts(exists, slow ? wholeText : Math.ceil(exists / 2), slow, largest);
  if (counts.length === 1) return [wholeMailbox];
  const boundaries = cache.boundaries.get(counts.length) ?? (await findCuts(imap, counts));
  cache.boundaries.set(counts.length, boundaries);
  return [...boundaries, undefined].map((cut, at) => {
    const above = boundaries[at - 1];
    const range = (value: string): SearchToken[] => [atom("UID"), { type: "SEQUENCE", value }];
    // The newest range without `n:*`, by which mailutils finds nothing.
    const keys = above
      ? range(`${cut ? cut.uid + 1 : 1}:${above.uid}`)
      : [atom("NOT"), ...range(`1:${cut?.uid ?? 1}`)];
    return { keys, until: above?.receivedAt };
  });
}

/** True for a search in the text of emails; Gmail has an index of every word. */
function isSlow(imap: ImapFlow, query: Query | undefined): boolean {
  return query !== undefined && asksText(query) && !imap.capabilities.has("X-GM-EXT-1");
}

function asksText(query: Query): boolean {
  if (query.kind === "all" || query.kind === "any") return query.of.some(asksText);
  if (query.kind === "not") return asksText(query.of);
  return query.kind === "words" || (query.kind === "field" && query.field === "body");
}

/** Number of emails in each range: halves where searching is quick, otherwise growing from `first` on. */
function toCounts(exists: number, first: number, growing: boolean, largest: number): number[] {
  const counts: number[] = [];
  let size = first;
  for (let left = exists; left > 0; left -= counts.at(-1) ?? left) {
    counts.push(Math.min(size, largest, left));
    if (growing) size *= 2;
  }
  return counts;
}

/** The last email below each range but the oldest. */
async function findCuts(imap: ImapFlow, counts: readonly number[]): Promise<Boundary[]> {
  let number = requireSelected(imap).exists;
  const numbers = counts.slice(0, -1).map((count) => {
    number -= count;
    return number;
  });
  // A server that does not send one of them is searched in fewer ranges.
  const query = { uid: true, internalDate: true };
  const emails = (await fetchBySequence(imap, numbers.join(","), query).catch(ignoreRefusal)) ?? [];
  return emails
    .map((email) => ({ uid: email.uid, receivedAt: toReceivedAt(email) }))
    .sort((a, b) => b.uid - a.uid);
}
