/**
 * A very large mailbox is searched in slices of its UIDs, the newest first: side by side over the connections of the
 * account, each with an answer of a size that is read, and what a slow server does not get to is the oldest.
 *
 * In the answer to a search by UIDs Dovecot tells of nothing that was removed (RFC 9051 section 7.5.1): what somebody
 * else removed since a connection was last proven may still be counted.
 */
import type { ImapFlow } from "imapflow";
import { toReceivedAt } from "../../imap/fetched-values.ts";
import type { Boundary, MailboxCache } from "../../imap/mailbox-cache.ts";
import { atom, type SearchToken } from "../../imap/raw-search.ts";
import { requireSelected } from "../../imap/select.ts";
import type { Query } from "../../query/query.ts";
import { asksParts } from "./find-matches.ts";

export type UidRange = {
  /** SEARCH keys that leave only its emails; none for a whole mailbox. */
  keys: readonly SearchToken[];
  /** When its last email arrived, milliseconds; undefined for the newest slice. */
  until: number | undefined;
};

export const wholeMailbox: UidRange = { keys: [], until: undefined };

export type RangeSizes = {
  /** Emails that are searched at once. */
  whole: number;
  /** The same for words in the text, which many servers look for by opening every email. */
  wholeText: number;
  /** Emails of the largest slice: imapflow hangs up at an answer of 200,000 numbers. */
  largest: number;
};

export const rangeSizes: RangeSizes = { whole: 50_000, wholeText: 20_000, largest: 100_000 };

/**
 * The slices of the selected mailbox, newest first. One round trip where there are several, until they are noted.
 * `spare`: another connection could begin at once; without one, what is quickly searched is searched whole.
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
  // A question about parts goes to the newest few thousand only (search-mailbox.ts).
  const isWhole = exists <= atOnce || (query !== undefined && asksParts(query));
  const counts = isWhole
    ? [exists]
    : toCounts(exists, slow ? wholeText : Math.ceil(exists / 2), slow, largest);
  if (counts.length === 1) return [wholeMailbox];
  const cuts = cache.boundaries.get(counts.length) ?? (await findCuts(imap, counts));
  cache.boundaries.set(counts.length, cuts);
  return [...cuts, undefined].map((cut, at) => {
    const above = cuts[at - 1];
    const range = `${cut ? cut.uid + 1 : 1}:${above ? above.uid : "*"}`;
    return { keys: [atom("UID"), { type: "SEQUENCE", value: range }], until: above?.receivedAt };
  });
}

/** Gmail has an index of every word. */
function isSlow(imap: ImapFlow, query: Query | undefined): boolean {
  return query !== undefined && asksText(query) && !imap.capabilities.has("X-GM-EXT-1");
}

function asksText(query: Query): boolean {
  if (query.kind === "all" || query.kind === "any") return query.of.some(asksText);
  if (query.kind === "not") return asksText(query.of);
  return query.kind === "words" || (query.kind === "field" && query.field === "body");
}

/** How many emails each slice has: halves where searching is quick, else the first few and ever more. */
function toCounts(exists: number, first: number, growing: boolean, largest: number): number[] {
  const counts: number[] = [];
  let size = first;
  for (let left = exists; left > 0; left -= counts.at(-1) ?? left) {
    counts.push(Math.min(size, largest, left));
    if (growing) size *= 2;
  }
  return counts;
}

/** The last email below each slice but the oldest. */
async function findCuts(imap: ImapFlow, counts: readonly number[]): Promise<Boundary[]> {
  let number = requireSelected(imap).exists;
  const numbers = counts.slice(0, -1).map((count) => {
    number -= count;
    return number;
  });
  const emails = await imap.fetchAll(numbers.join(","), { uid: true, internalDate: true });
  return emails
    .map((email) => ({ uid: email.uid, receivedAt: toReceivedAt(email) }))
    .sort((a, b) => b.uid - a.uid);
}
