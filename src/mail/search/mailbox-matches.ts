/** The share of one mailbox in a page of a search: how many emails match, and the newest of them. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import type { Query } from "../../query/query.ts";
import type { Access } from "../access.ts";
import { type Cursor, compareNewestFirst, mailboxKeyOf } from "./cursor.ts";
import { type FetchedRows, fetchRows } from "./email-rows.ts";
import { findMatches } from "./find-matches.ts";
import { withNearestMailbox } from "./nearest-mailbox.ts";
import { datesOf, dayMs, type Matches, type SearchPosition } from "./newest-matches.ts";
import type { MailboxSearch } from "./search-scope.ts";
import { type RangeSizes, type UidRange, uidRangesOf, wholeMailbox } from "./uid-ranges.ts";

export type Match = { uid: number; receivedAt: number };

export type MailboxResult = {
  path: string;
  /** UIDVALIDITY as decimal digits. */
  validity: string;
  /** The condition on its emails; undefined when all match. */
  query: Query | undefined;
  /** All matches, also those on other pages. */
  uids: readonly number[];
  total: number;
  /** Number of matches after the cursor. */
  left: number;
  /** The newest matches after the cursor, at most `limit`. */
  head: Match[];
  /** The rows of `head`, when no other mailbox is searched. */
  rows?: FetchedRows;
  /** Our sentence for what was not searched or sorted. */
  problem?: string;
};

export type PageRequest = {
  limit: number;
  cursor: Extract<Cursor, { kind: "search" }> | undefined;
  /** No other mailbox is searched. */
  alone: boolean;
  /** Fires when the search has to end, so that one slow mailbox does not lose the results of the others. */
  late: AbortSignal;
  sizes: RangeSizes;
};

/** The matches of a mailbox that were found before, under a UIDVALIDITY in decimal digits. */
export type FoundMatches = { validity: string; matches: Matches };

/** The selected mailbox. */
type SelectedMailbox = { path: string; validity: string };

/**
 * The page's share of a mailbox whose matches are known: no round trip when there are none. Undefined when it was
 * renumbered since. Throws the failures of a connection.
 */
export async function completeMatches(
  access: Access,
  { path, query }: MailboxSearch,
  { validity, matches }: FoundMatches,
  request: PageRequest,
): Promise<MailboxResult | undefined> {
  const none = { total: 0, uids: [], left: 0, head: [] };
  if (matches.total === 0) return { path, validity, query, ...none };
  const isDated = matches.head.some((uid) => matches.dates.has(uid));
  if (isDated && !request.alone) return { path, validity, query, ...toDatedHead(matches) };
  return access.readEmail({ mailbox: path, uidValidity: BigInt(validity) }, async (imap, cache) => {
    if (toSelected(imap).validity !== validity) return undefined;
    return { path, validity, query, ...(await combine(access, imap, cache, [matches], request)) };
  });
}

/** Matches whose dates are known; those without one have left the mailbox since. */
function toDatedHead({ total, uids, left, head, dates, problem }: Matches): Combined {
  const dated = head.flatMap((uid) => {
    const receivedAt = dates.get(uid);
    return receivedAt === undefined ? [] : [{ uid, receivedAt }];
  });
  return { total, uids, left, head: newestFirst(dated), problem };
}

/**
 * Searches one mailbox for a page. Throws timed_out when not even its newest UID range was searched in time,
 * mailbox_not_found, cursor_expired, and the failures of a connection.
 */
export async function searchMailbox(
  access: Access,
  search: MailboxSearch,
  request: PageRequest,
): Promise<MailboxResult> {
  const result = { query: search.query, ...(await searchOnce(access, search, request)) };
  const { cursor } = request;
  const mailbox = mailboxKeyOf(result.path);
  // An email moved here since the last page may have been shown in its former mailbox. The position that all mailboxes
  // share then decides in place of this mailbox's own.
  const isShown = (match: Match) => cursor && compareNewestFirst({ ...match, mailbox }, cursor.last) <= 0;
  if (!cursor?.at.some((own) => own.mailbox === mailbox) || !result.head.some(isShown)) return result;
  return { ...result, ...(await searchOnce(access, search, { ...request, cursor: { ...cursor, at: [] } })) };
}

async function searchOnce(
  access: Access,
  { path: named, query }: MailboxSearch,
  request: PageRequest,
): Promise<Omit<MailboxResult, "query">> {
  const limited = access.within(request.late);
  /** The searches of the older ranges: started once, also when the newest is retried on another connection. */
  let older: Promise<PromiseSettledResult<Matches>[]> | undefined;
  let ranges: UidRange[] = [];

  const find = async (imap: ImapFlow, cache: MailboxCache, range: UidRange): Promise<Matches> => {
    const after = positionAfter(toSelected(imap), request);
    return readFresh(imap, () =>
      findMatches({ imap, cache }, query, range.keys, { limit: request.limit, after }),
    );
  };
  const searchNewest = async (imap: ImapFlow, cache: MailboxCache) => {
    const selected = toSelected(imap);
    positionAfter(selected, request);
    const spare = access.countIdle() > 0;
    // Opens a second connection for the next search: over two, a mailbox of this size takes half the time.
    if (!spare && requireSelected(imap).exists > request.sizes.whole)
      limited.read(selected.path, async () => {}).catch(() => {});
    ranges = await uidRangesOf(imap, query, cache, { sizes: request.sizes, spare });
    const [newest, ...rest] = ranges;
    older ??= Promise.allSettled(
      rest.map((range) => limited.read(selected.path, (other, cache) => find(other, cache, range))),
    );
    const first = await find(imap, cache, newest ?? wholeMailbox);
    const whole = rest.length === 0 ? await combine(access, imap, cache, [first], request) : undefined;
    return { selected, first, whole };
  };

  const { selected, first, whole } = await withNearestMailbox(access, named, (path) =>
    limited.read(path, searchNewest),
  );
  if (whole) return { ...selected, ...whole };
  const settled = [{ status: "fulfilled" as const, value: first }, ...((await older) ?? [])];
  const { parts, problem } = searchedInTime(ranges, settled);
  const combined = await access.read(selected.path, (imap, cache) =>
    combine(access, imap, cache, parts, request),
  );
  return { ...selected, ...combined, problem: problem ?? combined.problem };
}

function toSelected(imap: ImapFlow): SelectedMailbox {
  const { path, uidValidity } = requireSelected(imap);
  return { path, validity: String(uidValidity) };
}

/** The position after which the mailbox continues; undefined on the first page. Throws cursor_expired. */
function positionAfter(
  { path, validity }: SelectedMailbox,
  { cursor }: PageRequest,
): SearchPosition | undefined {
  if (!cursor) return undefined;
  const mailbox = mailboxKeyOf(path);
  const own = cursor.at.find((position) => position.mailbox === mailbox);
  if (own && own.validity !== validity)
    throw new AppError("cursor_expired", "The mail server renumbered a mailbox since the cursor was given.");
  if (own) return { ...own, own: true };
  const { last } = cursor;
  return { ...last, uid: mailbox > last.mailbox ? last.uid + 1 : last.uid, own: false };
}

/** The matches of the ranges before the first that was not searched in time, and a sentence that says so. */
function searchedInTime(
  ranges: readonly UidRange[],
  settled: readonly PromiseSettledResult<Matches>[],
): { parts: Matches[]; problem?: string } {
  const parts: Matches[] = [];
  for (const [at, outcome] of settled.entries()) {
    if (outcome.status === "fulfilled") parts.push(outcome.value);
    else if (outcome.reason instanceof AppError && outcome.reason.code === "timed_out")
      return { parts, problem: toTimeoutSentence(ranges[at]?.until ?? 0) };
    else throw outcome.reason;
  }
  return { parts };
}

/** BEFORE compares days in each date's own time zone, so one day more is needed to miss no email. */
function toTimeoutSentence(until: number): string {
  const day = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);
  return `only back to ${day(until)}, for time; search on with before:${day(until + 2 * dayMs)}`;
}

type Combined = Omit<MailboxResult, "path" | "validity" | "query">;

/** The result of one mailbox from the matches of its ranges. */
async function combine(
  access: Access,
  imap: ImapFlow,
  cache: MailboxCache,
  parts: readonly Matches[],
  { alone, limit }: PageRequest,
): Promise<Combined> {
  const problem = parts.find((part) => part.problem)?.problem;
  const base = {
    total: parts.reduce((sum, part) => sum + part.total, 0),
    uids: parts.flatMap(({ uids }) => uids),
    left: parts.reduce((sum, part) => sum + part.left, 0),
    problem,
  };
  const heads = parts.map(({ head }) => head).filter((head) => head.length > 0);
  if (heads.length === 0) return { ...base, head: [] };
  const rows = alone ? await guessRows(access, imap, cache, heads, limit) : undefined;
  if (rows) return { ...base, head: rows.rows, rows };
  const known = new Map(parts.flatMap(({ dates }) => [...dates]));
  const unknown = heads.flat().filter((uid) => !known.has(uid));
  for (const [uid, receivedAt] of await datesOf(imap, cache, unknown)) known.set(uid, receivedAt);
  const matches = heads.flat().flatMap((uid) => {
    const receivedAt = known.get(uid);
    return receivedAt === undefined ? [] : [{ uid, receivedAt }];
  });
  const head = newestFirst(matches).slice(0, limit);
  if (!alone) return { ...base, head };
  return { ...base, head, rows: await fetchRows(access, imap, { uids: head.map(({ uid }) => uid) }, cache) };
}

/**
 * The rows of a page in one round trip, on the guess that they are the first matches of the newest ranges. The next
 * match of each range is fetched along; undefined when one of those is newer than a row of the page.
 */
async function guessRows(
  access: Access,
  imap: ImapFlow,
  cache: MailboxCache,
  heads: readonly (readonly number[])[],
  limit: number,
): Promise<FetchedRows | undefined> {
  const guess = new Set(heads.flat().slice(0, limit));
  const nextMatches = heads.flatMap((head) => head.find((uid) => !guess.has(uid)) ?? []);
  const fetched = await fetchRows(access, imap, { uids: [...guess, ...nextMatches] }, cache);
  const rows = newestFirst(fetched.rows);
  const page = rows.filter(({ uid }) => guess.has(uid));
  // The date of an unreadable email is unknown: the caller then asks for the dates.
  if (fetched.unreadable.length > 0) return undefined;
  return rows.slice(0, page.length).every(({ uid }) => guess.has(uid))
    ? { rows: page, unreadable: [] }
    : undefined;
}

function newestFirst<One extends Match>(some: readonly One[]): One[] {
  return [...some].sort((a, b) => b.receivedAt - a.receivedAt || b.uid - a.uid);
}
