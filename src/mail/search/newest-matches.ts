/**
 * The newest of many matches on a server without SORT (RFC 5256): ordered by INTERNALDATE, of which only the dates
 * that can decide are fetched.
 */

import type { ImapFlow } from "imapflow";
import { fetchMany } from "../../imap/fetch-many.ts";
import { toReceivedAt } from "../../imap/fetched-values.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { atom, type SearchToken } from "../../imap/raw-search.ts";
import { toSearchDate } from "../../imap/search-keys.ts";
import { uidSearch } from "../../imap/uid-search.ts";

/** The email after which a search continues: of this mailbox (`own`), or of another in the order they share. */
export type SearchPosition = { uid: number; receivedAt: number; own: boolean };

/** A page: at most `limit` matches after a position. */
export type MatchPage = { limit: number; after?: SearchPosition };

export type Matches = {
  total: number;
  /** All that match, on all pages, in no particular order. */
  uids: readonly number[];
  /** Number of matches after the position. */
  left: number;
  /**
   * The newest matches after the position, at most `limit`: newest first, in the same second the higher UID first; by
   * UID where all fit and their dates were not fetched.
   */
  head: number[];
  /** INTERNALDATE of those whose date was fetched, in milliseconds. */
  dates: ReadonlyMap<number, number>;
  /** Our sentence for what was not searched or sorted. */
  problem?: string;
};

/** Number of matches up to which all dates are fetched, in one round trip. */
const fewMatches = 500;
/** Emails whose dates are fetched at most to sort them. */
const maxDates = 20_000;
export const dayMs = 86_400_000;

/** The page out of `uids`, which are all that match `keys`, ascending. Reads the selected mailbox. */
export async function newestOf(
  { imap, cache }: { imap: ImapFlow; cache: MailboxCache },
  keys: readonly SearchToken[],
  uids: readonly number[],
  { limit, after }: MatchPage,
): Promise<Matches> {
  const dates = new Map<number, number>();
  const dateOf = (uid: number) => dates.get(uid) ?? 0;
  const isLeft = (uid: number) =>
    after === undefined ||
    dateOf(uid) < after.receivedAt ||
    (dateOf(uid) === after.receivedAt && uid < after.uid);
  async function sortByDate(some: readonly number[]): Promise<number[]> {
    const unknown = some.filter((uid) => !dates.has(uid));
    for (const [uid, date] of await datesOf(imap, cache, unknown)) dates.set(uid, date);
    return [...some].sort((a, b) => dateOf(b) - dateOf(a) || b - a);
  }

  // All of them are shown, and their rows bring the dates.
  if (!after && uids.length <= limit)
    return { total: uids.length, uids, left: uids.length, head: [...uids].reverse(), dates };
  if (uids.length <= fewMatches) {
    const rest = (await sortByDate(uids)).filter(isLeft);
    return { total: uids.length, uids, left: rest.length, head: rest.slice(0, limit), dates };
  }
  // SEARCH compares days in each date's own time zone: one day more on either side misses no email.
  const until = after ? [atom("BEFORE"), atom(dayOf(after.receivedAt + 2 * dayMs))] : [];
  const universe = after ? await uidSearch(imap, [...keys, ...until]) : uids;
  // The highest UIDs have most likely arrived last. Any other candidate is not older than the oldest of that guess.
  const guess = await guessNewest(universe, limit, async (some) => (await sortByDate(some)).filter(isLeft));
  const oldest = guess.length < limit ? undefined : guess[limit - 1];
  const since = oldest === undefined ? [] : [atom("SINCE"), atom(dayOf(dateOf(oldest) - dayMs))];
  const candidates =
    oldest === undefined ? [...universe] : await uidSearch(imap, [...keys, ...until, ...since]);
  const sorted = await sortByDate(candidates.slice(-maxDates));
  const rest = sorted.filter(isLeft);
  return {
    total: uids.length,
    uids,
    left: universe.length - (sorted.length - rest.length),
    head: rest.slice(0, limit),
    dates,
    problem:
      sorted.length < candidates.length
        ? `only the ${maxDates} that came last of ${uids.length} matches are in order`
        : undefined,
  };
}

/** The newest `limit` among the last UIDs of `universe`; fewer only when all of it was looked at. */
async function guessNewest(
  universe: readonly number[],
  limit: number,
  sortByDate: (some: readonly number[]) => Promise<number[]>,
): Promise<number[]> {
  for (let size = limit; ; size *= 4) {
    const found = await sortByDate(universe.slice(-Math.min(size, maxDates)));
    if (found.length >= limit || size >= Math.min(universe.length, maxDates)) return found;
  }
}

const dayOf = (milliseconds: number) => toSearchDate(new Date(Math.max(0, milliseconds)));

/**
 * INTERNALDATE of emails of the selected mailbox, in milliseconds, by UID. An email that the server does not send has
 * that of the one before it, so that it is sorted, shown as unreadable and does not spoil the others.
 */
export async function datesOf(
  imap: ImapFlow,
  cache: MailboxCache,
  uids: readonly number[],
): Promise<Map<number, number>> {
  const dates = new Map<number, number>();
  for (const some of chunkUids(uids)) {
    const { emails, unreadable } = await fetchMany(imap, cache, some, { uid: true, internalDate: true });
    for (const email of emails) dates.set(email.uid, toReceivedAt(email));
    const before = (uid: number) => emails.findLast((email) => email.uid < uid) ?? emails[0];
    for (const uid of unreadable) {
      const neighbor = before(uid);
      dates.set(uid, neighbor ? toReceivedAt(neighbor) : 0);
    }
  }
  return dates;
}

/** UIDs in groups that fit a command line of any server. */
export function chunkUids(uids: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(uids.length / fewMatches) }, (_, at) =>
    uids.slice(at * fewMatches, (at + 1) * fewMatches),
  );
}
