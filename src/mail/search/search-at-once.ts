/**
 * A search over many mailboxes in few flights, however many they are: SELECT and UID SORT (RFC 5256) for all of them, then
 * the dates of the newest matches where several mailboxes hold some, then the rows. A mailbox by itself would take two
 * round trips for each.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import type { ConnectionWork } from "../../imap/connections.ts";
import { askMailboxes, isPlainSearch } from "../../imap/flights.ts";
import { atom, uidSort } from "../../imap/raw-search.ts";
import { toSearchKeys } from "../../imap/search-keys.ts";
import { selectMailbox } from "../../imap/select.ts";
import type { Access } from "../access.ts";
import { type FetchedRows, fetchRows } from "./email-rows.ts";
import { asksParts } from "./find-matches.ts";
import type { FoundMatches, PageRequest } from "./mailbox-matches.ts";
import { datesOf } from "./newest-matches.ts";
import type { MailboxSearch } from "./search-scope.ts";

/** Of more mailboxes the usual ones have to be searched first, in case that the time ends. */
const manyMailboxes = 200;
/** Mailboxes in one flight: what a server may have to hold for us unread stays small. */
const maxFlight = 50;

/**
 * The matches of each mailbox by path, newest first, with the dates of the newest where more than one mailbox holds some.
 * Mailboxes that are missing in it have to be searched by themselves: all of them on a further page, for conditions that
 * SEARCH has no key for, and on servers without SORT.
 */
export async function searchAtOnce(
  access: Access,
  searches: readonly MailboxSearch[],
  request: PageRequest,
): Promise<ReadonlyMap<string, FoundMatches>> {
  const open = searches.filter(({ empty }) => !empty);
  const isSimple = open.every(({ query }) => !query || !asksParts(query));
  if (request.cursor || open.length < 2 || open.length > manyMailboxes || !isSimple) return new Map();
  const limited = access.within(request.late);
  const found = await inFlights(limited, open, (some) => (imap) => searchFlight(imap, some, request.limit));
  const holding = [...found].filter(([, { matches }]) => matches.total > 0);
  const isOnly = holding.length === 1 && open.every(({ path }) => found.has(path));
  if (!isOnly && holding.length > 0) await fetchDates(limited, holding);
  return found;
}

/**
 * Runs the flights over all connections that are open. What fails here is found out again, and told, in the mailbox's own
 * search.
 */
async function inFlights<One, T>(
  access: Access,
  all: readonly One[],
  toWork: (some: readonly One[]) => ConnectionWork<[string, T][]>,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  const half = access.countIdle() > 1 && all.length > 2 ? Math.ceil(all.length / 2) : all.length;
  const fly = async (part: readonly One[]) => {
    for (let at = 0; at < part.length; at += maxFlight) {
      const work = toWork(part.slice(at, at + maxFlight));
      for (const [path, answer] of await access.read(undefined, work)) found.set(path, answer);
    }
  };
  const ignoreFailure = (error: unknown) => {
    if (!(error instanceof AppError)) throw error;
  };
  await Promise.all([all.slice(0, half), all.slice(half)].map((part) => fly(part).catch(ignoreFailure)));
  return found;
}

async function searchFlight(
  imap: ImapFlow,
  searches: readonly MailboxSearch[],
  limit: number,
): Promise<[string, FoundMatches][]> {
  if (!imap.capabilities.has("SORT") || imap.capabilities.has("X-GM-EXT-1")) return [];
  const visits = searches.map(({ path, query }) => ({
    path,
    keys: query ? toSearchKeys(query) : [atom("ALL")],
  }));
  if (!visits.every(({ keys }) => isPlainSearch(keys))) return [];
  const select = (path: string) => selectMailbox(imap, path);
  const answers = (await askMailboxes(imap, visits, select, (view, { keys }) => uidSort(view, keys))) ?? [];
  return [...answers].map(([path, { mailbox, answer: uids }]) => {
    const head = uids.slice(0, limit);
    const matches = { total: uids.length, uids, left: uids.length, head, dates: new Map() };
    return [path, { validity: String(mailbox.uidValidity), matches }];
  });
}

/** Adds the dates of the newest matches of each mailbox, by which they are merged. */
async function fetchDates(access: Access, holding: [string, FoundMatches][]): Promise<void> {
  const byPath = new Map(holding);
  const dated = await inFlights(access, holding, (some) => async (imap, _cache, cacheOf) => {
    const visits = some.map(([path, { validity, matches }]) => ({
      path,
      uidValidity: BigInt(validity),
      uids: matches.head,
    }));
    const select = (path: string) => selectMailbox(imap, path);
    const answers = await askMailboxes(imap, visits, select, (view, { uids }) =>
      datesOf(view, cacheOf(view), uids),
    );
    return [...(answers ?? [])].map(([path, { answer }]) => [path, answer]);
  });
  for (const [path, dates] of dated) {
    const found = byPath.get(path);
    if (found) found.matches = { ...found.matches, dates };
  }
}

/** The emails of one mailbox on a page. `share`: see fetchRows. */
export type RowsRequest = { path: string; validity: string; uids: readonly number[]; share: number };

/**
 * The rows of a page by mailbox. Mailboxes that are missing in it have to be read by themselves: those of a renumbered
 * mailbox, and those whose rows take more than one command.
 */
export async function rowsAtOnce(
  access: Access,
  requests: readonly RowsRequest[],
): Promise<ReadonlyMap<string, FetchedRows>> {
  if (requests.length < 2) return new Map();
  return inFlights(access, requests, (some) => async (imap, _cache, cacheOf) => {
    const visits = some.map(({ validity, ...visit }) => ({ ...visit, uidValidity: BigInt(validity) }));
    const select = (path: string) => selectMailbox(imap, path);
    const answers = await askMailboxes(imap, visits, select, (view, { uids, share }) =>
      fetchRows(access, view, { uids }, cacheOf(view), share),
    );
    return [...(answers ?? [])].map(([path, { answer }]) => [path, answer]);
  });
}
