/**
 * The newest of many matches where the server has no SORT (RFC 5256): by their dates, of which only those are asked
 * for that can matter.
 */
import type { ImapFlow } from "imapflow";
import { toReceivedAt } from "../../imap/fetched-values.ts";
import { atom, type SearchToken, uidSearch } from "../../imap/raw-search.ts";
import { toSearchDate } from "../../imap/search-keys.ts";

/** The place after an email: of this mailbox (`own`), or one that another mailbox's email has in the common order. */
export type Place = { uid: number; receivedAt: number; own: boolean };

export type Wanted = { limit: number; after?: Place };

export type Matches = {
  total: number;
  /** How many come after the place. */
  left: number;
  /**
   * The newest of these, at most as many as are wanted: newest first, of the same second the higher UID first. Where
   * these are all and their dates are not known, by UID.
   */
  head: number[];
  /** INTERNALDATE of those that were looked at, milliseconds. */
  dates: ReadonlyMap<number, number>;
  /** What could not be done, in our words. */
  problem?: string;
};

/** Up to so many matches, all their dates are fetched: it is one round trip. */
const fewMatches = 500;
/** Emails whose dates are fetched to put them in order. */
const maxDates = 20_000;
export const dayMs = 86_400_000;

/** `uids` are all that match `keys`, ascending. */
export async function newestOf(
  imap: ImapFlow,
  keys: readonly SearchToken[],
  uids: readonly number[],
  { limit, after }: Wanted,
): Promise<Matches> {
  const dates = new Map<number, number>();
  const dateOf = (uid: number) => dates.get(uid) ?? 0;
  const isLeft = (uid: number) =>
    after === undefined ||
    dateOf(uid) < after.receivedAt ||
    (dateOf(uid) === after.receivedAt && uid < after.uid);
  async function inOrder(some: readonly number[]): Promise<number[]> {
    const unknown = some.filter((uid) => !dates.has(uid));
    for (const [uid, date] of await datesOf(imap, unknown)) dates.set(uid, date);
    return [...some].sort((a, b) => dateOf(b) - dateOf(a) || b - a);
  }

  // All of them are shown: their rows tell the dates.
  if (!after && uids.length <= limit)
    return { total: uids.length, left: uids.length, head: [...uids].reverse(), dates };
  if (uids.length <= fewMatches) {
    const rest = (await inOrder(uids)).filter(isLeft);
    return { total: uids.length, left: rest.length, head: rest.slice(0, limit), dates };
  }
  // SEARCH compares the day that a date has in its own zone: one day more, either way, leaves nobody out.
  const until = after ? [atom("BEFORE"), atom(dayOf(after.receivedAt + 2 * dayMs))] : [];
  const universe = after ? await uidSearch(imap, [...keys, ...until]) : uids;
  // Who has the highest numbers has most likely arrived last; whoever else may have is not older than the oldest.
  const guess = await guessNewest(universe, limit, async (some) => (await inOrder(some)).filter(isLeft));
  const oldest = guess.length < limit ? undefined : guess[limit - 1];
  const since = oldest === undefined ? [] : [atom("SINCE"), atom(dayOf(dateOf(oldest) - dayMs))];
  const candidates =
    oldest === undefined ? [...universe] : await uidSearch(imap, [...keys, ...until, ...since]);
  const looked = await inOrder(candidates.slice(-maxDates));
  const rest = looked.filter(isLeft);
  return {
    total: uids.length,
    left: universe.length - (looked.length - rest.length),
    head: rest.slice(0, limit),
    dates,
    ...(looked.length < candidates.length
      ? { problem: `only the ${maxDates} that came last of ${uids.length} matches are in order` }
      : {}),
  };
}

/** The first `limit` in order among the last of `universe`; fewer only when all of it was looked at. */
async function guessNewest(
  universe: readonly number[],
  limit: number,
  inOrder: (some: readonly number[]) => Promise<number[]>,
): Promise<number[]> {
  for (let size = limit; ; size *= 4) {
    const found = await inOrder(universe.slice(-Math.min(size, maxDates)));
    if (found.length >= limit || size >= Math.min(universe.length, maxDates)) return found;
  }
}

const dayOf = (milliseconds: number) => toSearchDate(new Date(Math.max(0, milliseconds)));

/** INTERNALDATE of emails of the selected mailbox, milliseconds. */
export async function datesOf(imap: ImapFlow, uids: readonly number[]): Promise<Map<number, number>> {
  const dates = new Map<number, number>();
  for (const some of chunks(uids)) {
    const emails = await imap.fetchAll(some.join(","), { uid: true, internalDate: true }, { uid: true });
    for (const email of emails) dates.set(email.uid, toReceivedAt(email));
  }
  return dates;
}

/** As many UIDs as fit a command line that every server takes. */
export function chunks(uids: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(uids.length / fewMatches) }, (_, at) =>
    uids.slice(at * fewMatches, (at + 1) * fewMatches),
  );
}
