/**
 * The first look of a search over many mailboxes: SELECT and UID SORT (RFC 5256) for all of them in one flight or two,
 * where each mailbox by itself would take two round trips. Most hold no match, and need no further look.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import { askMailboxes, isPlainSearch } from "../../imap/flights.ts";
import { atom, uidSort } from "../../imap/raw-search.ts";
import { toSearchKeys } from "../../imap/search-keys.ts";
import { selectMailbox } from "../../imap/select.ts";
import type { Access } from "../access.ts";
import { asksParts } from "./find-matches.ts";
import type { FoundMatches, PageRequest } from "./mailbox-matches.ts";
import type { MailboxSearch } from "./search-scope.ts";

/** Fewer mailboxes are searched side by side without this look. */
const fewMailboxes = 3;
/** Of more mailboxes the usual ones have to be searched first, in case that the time ends. */
const manyMailboxes = 200;
/** Mailboxes in one flight: what a server may have to hold for us unread stays small. */
const maxFlight = 50;

/**
 * The matches of each mailbox by path, newest first. Mailboxes that are missing in it have to be searched by themselves:
 * all of them on a further page, for conditions that SEARCH has no key for, and on servers without SORT.
 */
export async function searchAtOnce(
  access: Access,
  searches: readonly MailboxSearch[],
  request: PageRequest,
): Promise<ReadonlyMap<string, FoundMatches>> {
  const open = searches.filter(({ empty }) => !empty);
  const isSimple = open.every(({ query }) => !query || !asksParts(query));
  const isNumberFit = open.length > fewMailboxes && open.length <= manyMailboxes;
  if (request.cursor || !isNumberFit || !isSimple) return new Map();
  const limited = access.within(request.late);
  const half = access.hasSpare() && open.length > 2 * fewMailboxes ? Math.ceil(open.length / 2) : open.length;
  const parts = [open.slice(0, half), open.slice(half)].filter((part) => part.length > 0);
  const found = await Promise.all(parts.map((part) => searchPart(limited, part, request.limit)));
  return new Map(found.flatMap((some) => [...some]));
}

/** Searches mailboxes over one connection. What fails here is found out again, and told, in the mailbox's own search. */
async function searchPart(
  access: Access,
  searches: readonly MailboxSearch[],
  limit: number,
): Promise<Map<string, FoundMatches>> {
  const found = new Map<string, FoundMatches>();
  for (let at = 0; at < searches.length; at += maxFlight) {
    const some = searches.slice(at, at + maxFlight);
    try {
      for (const one of await access.read(undefined, (imap) => searchFlight(imap, some, limit)))
        found.set(...one);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return found;
    }
  }
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
