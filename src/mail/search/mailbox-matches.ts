/** What one mailbox has to offer to a page of a search: how many match, and the newest of them. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import type { Access } from "../access.ts";
import { type Cursor, inOrder, mailboxKeyOf } from "./cursor.ts";
import { type FetchedRow, fetchRows } from "./email-rows.ts";
import { findMatches } from "./find-matches.ts";
import { withNearestMailbox } from "./nearest-mailbox.ts";
import { datesOf, dayMs, type Matches, type Place } from "./newest-matches.ts";
import type { MailboxSearch } from "./search-scope.ts";
import { type RangeSizes, type UidRange, uidRangesOf, wholeMailbox } from "./uid-ranges.ts";

export type Match = { uid: number; receivedAt: number };

export type MailboxResult = {
  path: string;
  /** UIDVALIDITY, digits. */
  validity: string;
  total: number;
  /** How many come after the cursor. */
  left: number;
  /** The newest of these, at most as many as are asked for. */
  head: Match[];
  /** Their rows, when this is the only mailbox. */
  rows?: FetchedRow[];
  /** What could not be done, in our words. */
  problem?: string;
};

export type Asked = {
  limit: number;
  cursor: Extract<Cursor, { kind: "search" }> | undefined;
  /** No other mailbox is searched. */
  alone: boolean;
  /** When searching is over: one slow mailbox must not cost the answer of the others. */
  late: AbortSignal;
  sizes: RangeSizes;
};

/** What is known of the mailbox that was selected. */
type Selected = { path: string; validity: string };

/** Throws timed_out when nothing was found in time, mailbox_not_found, cursor_expired, and what mail/failures makes. */
export async function searchMailbox(
  access: Access,
  search: MailboxSearch,
  asked: Asked,
): Promise<MailboxResult> {
  const offer = await searchOnce(access, search, asked);
  const { cursor } = asked;
  const place = mailboxKeyOf(offer.path);
  // What was moved here since may have been shown where it was: then it goes on where the common order does.
  const isShown = (match: Match) => cursor && inOrder({ ...match, place }, cursor.last) <= 0;
  if (!cursor?.at.some((own) => own.place === place) || !offer.head.some(isShown)) return offer;
  return searchOnce(access, search, { ...asked, cursor: { ...cursor, at: [] } });
}

async function searchOnce(
  access: Access,
  { path: named, query }: MailboxSearch,
  asked: Asked,
): Promise<MailboxResult> {
  const hurried = access.within(asked.late);
  /** The further slices: begun once, also when the first is tried again on another connection. */
  let further: Promise<PromiseSettledResult<Matches>[]> | undefined;
  let slices: UidRange[] = [];

  const find = async (imap: ImapFlow, slice: UidRange): Promise<Matches> => {
    const after = placeAfter(toSelected(imap), asked);
    return readFresh(imap, () =>
      findMatches(imap, query, slice.keys, { limit: asked.limit, ...(after ? { after } : {}) }),
    );
  };
  const work = async (imap: ImapFlow, cache: MailboxCache) => {
    const selected = toSelected(imap);
    placeAfter(selected, asked);
    const spare = access.hasSpare();
    // With a second connection the next search of so large a mailbox is twice as quick; nobody waits for it now.
    if (!spare && requireSelected(imap).exists > asked.sizes.whole)
      hurried.read(selected.path, async () => {}).catch(() => {});
    slices = await uidRangesOf(imap, query, cache, { sizes: asked.sizes, spare });
    const [newest, ...older] = slices;
    further ??= Promise.allSettled(
      older.map((slice) => hurried.read(selected.path, (other) => find(other, slice))),
    );
    const first = await find(imap, newest ?? wholeMailbox);
    const offer = older.length === 0 ? await combine(access, imap, cache, [first], asked) : undefined;
    return { selected, first, offer };
  };

  const { selected, first, offer } = await withNearestMailbox(access, named, (path) =>
    hurried.read(path, work),
  );
  if (offer) return { ...selected, ...offer };
  const { parts, problem } = inTime(slices, [
    { status: "fulfilled", value: first },
    ...((await further) ?? []),
  ]);
  const whole = await access.read(selected.path, (imap, cache) => combine(access, imap, cache, parts, asked));
  return { ...selected, ...whole, ...(problem ? { problem } : {}) };
}

function toSelected(imap: ImapFlow): Selected {
  const { path, uidValidity } = requireSelected(imap);
  return { path, validity: String(uidValidity) };
}

/** Where the mailbox goes on. Throws cursor_expired. */
function placeAfter({ path, validity }: Selected, { cursor }: Asked): Place | undefined {
  if (!cursor) return undefined;
  const place = mailboxKeyOf(path);
  const own = cursor.at.find((position) => position.place === place);
  if (own && own.validity !== validity)
    throw new AppError("cursor_expired", "The mail server renumbered a mailbox since the cursor was given.");
  if (own) return { ...own, own: true };
  const { last } = cursor;
  return { ...last, uid: place > last.place ? last.uid + 1 : last.uid, own: false };
}

/** The slices down to the first that was not searched in time. */
function inTime(
  slices: readonly UidRange[],
  settled: readonly PromiseSettledResult<Matches>[],
): { parts: Matches[]; problem?: string } {
  const parts: Matches[] = [];
  for (const [at, outcome] of settled.entries()) {
    if (outcome.status === "fulfilled") parts.push(outcome.value);
    else if (outcome.reason instanceof AppError && outcome.reason.code === "timed_out")
      return { parts, problem: toProblem(slices[at]?.until ?? 0) };
    else throw outcome.reason;
  }
  return { parts };
}

/** BEFORE compares the day that a date has in its own zone: one day more leaves nobody out. */
function toProblem(until: number): string {
  const day = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);
  return `only back to ${day(until)}, for time; search on with before:${day(until + 2 * dayMs)}`;
}

type Combined = Omit<MailboxResult, "path" | "validity">;

/** The slices of one mailbox as one. */
async function combine(
  access: Access,
  imap: ImapFlow,
  cache: MailboxCache,
  parts: readonly Matches[],
  { alone, limit }: Asked,
): Promise<Combined> {
  const problem = parts.find((part) => part.problem)?.problem;
  const base = {
    total: parts.reduce((sum, part) => sum + part.total, 0),
    left: parts.reduce((sum, part) => sum + part.left, 0),
    ...(problem ? { problem } : {}),
  };
  const heads = parts.map(({ head }) => head).filter((head) => head.length > 0);
  if (heads.length === 0) return { ...base, head: [] };
  const rows = alone ? await guessRows(access, imap, cache, heads, limit) : undefined;
  if (rows) return { ...base, head: rows, rows };
  const known = new Map(parts.flatMap(({ dates }) => [...dates]));
  const unknown = heads.flat().filter((uid) => !known.has(uid));
  for (const [uid, receivedAt] of await datesOf(imap, unknown)) known.set(uid, receivedAt);
  const matches = heads.flat().flatMap((uid) => {
    const receivedAt = known.get(uid);
    return receivedAt === undefined ? [] : [{ uid, receivedAt }];
  });
  const head = newestFirst(matches).slice(0, limit);
  if (!alone) return { ...base, head };
  const range = head.map(({ uid }) => uid).join(",");
  return { ...base, head, rows: newestFirst(await fetchRows(access, imap, range, "uid", cache)) };
}

/**
 * The rows of a page in one round trip: most likely they are the first of the newest slices. The next email of every
 * slice comes with them; undefined when one of these is newer than one of the page.
 */
async function guessRows(
  access: Access,
  imap: ImapFlow,
  cache: MailboxCache,
  heads: readonly (readonly number[])[],
  limit: number,
): Promise<FetchedRow[] | undefined> {
  const guess = new Set(heads.flat().slice(0, limit));
  const witnesses = heads.flatMap((head) => head.find((uid) => !guess.has(uid)) ?? []);
  const range = [...guess, ...witnesses].join(",");
  const rows = newestFirst(await fetchRows(access, imap, range, "uid", cache));
  const page = rows.filter(({ uid }) => guess.has(uid));
  return rows.slice(0, page.length).every(({ uid }) => guess.has(uid)) ? page : undefined;
}

function newestFirst<One extends Match>(some: readonly One[]): One[] {
  return [...some].sort((a, b) => b.receivedAt - a.receivedAt || b.uid - a.uid);
}
