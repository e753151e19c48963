/** The emails of one mailbox that match a query, newest first: by SORT (RFC 5256) where the server has it. */

import type { ImapFlow } from "imapflow";
import { toPart } from "../../email/part.ts";
import { fetchMany } from "../../imap/fetch-many.ts";
import { toGmailKeys } from "../../imap/gmail-keys.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { atom, ignoreRefusal, type SearchToken, uidSort } from "../../imap/raw-search.ts";
import { toSearchKeys } from "../../imap/search-keys.ts";
import { requireSelected } from "../../imap/select.ts";
import { uidSearch } from "../../imap/uid-search.ts";
import type { Query } from "../../query/query.ts";
import { createTurns } from "../../turns.ts";
import { matchesParts } from "./attachment-match.ts";
import { filterByFilesInText, type PlainTextEmail, textWithFiles } from "./files-in-text.ts";
import {
  chunkUids,
  datesOf,
  type Matches,
  type MatchPage,
  newestOf,
  type SearchPosition,
} from "./newest-matches.ts";

/** Emails whose dates are fetched at once to find a position in a list. */
const maxProbes = 500;

/**
 * Emails whose structure is fetched at most to answer has:attachment and filename:. No cheaper test is complete:
 * Dovecot sets $HasNoAttachment on emails whose attachment is an email or a winmail.dat.
 */
const maxStructures = 3000;

/** A connection with a mailbox selected, and the cache of that mailbox. */
type Selected = { imap: ImapFlow; cache: MailboxCache };

/**
 * The matches of `query` in the selected mailbox, of all emails where it is undefined. `within` holds SEARCH keys that
 * narrow it to a range. Uses UID commands only.
 */
export async function findMatches(
  { imap, cache }: Selected,
  query: Query | undefined,
  within: readonly SearchToken[],
  page: MatchPage,
): Promise<Matches> {
  if (requireSelected(imap).exists === 0) return noMatches;
  if (query && imap.capabilities.has("X-GM-EXT-1"))
    return sortMatches({ imap, cache }, [...within, ...toGmailKeys(query)], page);
  if (!query || !asksParts(query))
    return sortMatches({ imap, cache }, [...within, ...(query ? toSearchKeys(query) : [atom("ALL")])], page);
  const { candidates, problem } = await findCandidates(imap, query, []);
  const found = await filterByQuery({ imap, cache }, query, candidates);
  const matches = await sortMatches({ imap, cache }, uidSet(found), page, found);
  return { ...matches, problem: problem ?? matches.problem };
}

/** The UIDs of all matches of `query` among the UIDs that the SEARCH keys `within` name, ascending. */
export async function findUidsOf(
  { imap, cache }: Selected,
  query: Query | undefined,
  within: readonly SearchToken[],
): Promise<number[]> {
  if (requireSelected(imap).exists === 0) return [];
  if (!query) return uidSearch(imap, within);
  if (imap.capabilities.has("X-GM-EXT-1")) return uidSearch(imap, [...within, ...toGmailKeys(query)]);
  if (!asksParts(query)) return uidSearch(imap, [...within, ...toSearchKeys(query)]);
  const { candidates } = await findCandidates(imap, query, within);
  return filterByQuery({ imap, cache }, query, candidates);
}

const noMatches: Matches = { total: 0, uids: [], left: 0, head: [], dates: new Map() };

/** The page of all that match `keys`; `found` holds their UIDs where they are known. */
async function sortMatches(
  { imap, cache }: Selected,
  keys: readonly SearchToken[],
  page: MatchPage,
  found?: readonly number[],
): Promise<Matches> {
  if (found?.length === 0) return noMatches;
  const uids = imap.capabilities.has("SORT") ? await uidSort(imap, keys).catch(ignoreRefusal) : undefined;
  if (!uids) return newestOf({ imap, cache }, keys, found ?? (await uidSearch(imap, keys)), page);
  const left = page.after ? await continueAfter({ imap, cache }, uids, page.after) : uids;
  return { total: uids.length, uids, left: left.length, head: left.slice(0, page.limit), dates: new Map() };
}

/** The emails whose structure is checked: all that the rest of the query leaves, the newest up to a limit. */
async function findCandidates(
  imap: ImapFlow,
  query: Query,
  within: readonly SearchToken[],
): Promise<{ candidates: number[]; problem?: string }> {
  const served = query.kind === "all" ? query.of.filter((part) => !asksParts(part)) : [];
  const keys = served.length > 0 ? served.flatMap(toSearchKeys) : [atom("ALL")];
  const all = await uidSearch(imap, [...within, ...keys]);
  if (all.length <= maxStructures) return { candidates: all };
  const problem = `only the newest ${maxStructures} of ${all.length} emails were asked what is attached; narrow the search, for example with before:`;
  return { candidates: all.slice(-maxStructures), problem };
}

export function asksParts(query: Query): boolean {
  if (query.kind === "all" || query.kind === "any") return query.of.some(asksParts);
  if (query.kind === "not") return asksParts(query.of);
  return query.kind === "attachment" || query.kind === "filename";
}

/**
 * The UIDs of `universe` that match, ascending. The server answers what SEARCH can; conditions on attachments, for
 * which SEARCH has no key, are checked on the structure of what is left.
 */
async function filterByQuery(
  selected: Selected,
  query: Query,
  universe: readonly number[],
): Promise<number[]> {
  if (universe.length === 0) return [];
  if (!asksParts(query)) return uidSearch(selected.imap, [...uidSet(universe), ...toSearchKeys(query)]);
  switch (query.kind) {
    case "all": {
      let left = [...universe];
      const cheapFirst = [...query.of].sort((a, b) => Number(asksParts(a)) - Number(asksParts(b)));
      for (const part of cheapFirst) left = await filterByQuery(selected, part, left);
      return left;
    }
    case "any": {
      const found = new Set<number>();
      for (const part of query.of)
        for (const uid of await filterByQuery(selected, part, universe)) found.add(uid);
      return [...found].sort((a, b) => a - b);
    }
    case "not": {
      const inside = new Set(await filterByQuery(selected, query.of, universe));
      return universe.filter((uid) => !inside.has(uid));
    }
    default:
      return filterByStructure(selected, query, universe);
  }
}

const uidSet = (uids: readonly number[]): SearchToken[] => [
  atom("UID"),
  { type: "SEQUENCE", value: uids.join(",") },
];

/** An email whose structure cannot be read matches no condition on attachments. */
async function filterByStructure(
  { imap, cache }: Selected,
  term: Query,
  universe: readonly number[],
): Promise<number[]> {
  const found: number[] = [];
  const plain: PlainTextEmail[] = [];
  const letOthersIn = createTurns();
  for (const some of chunkUids(universe)) {
    const { emails } = await fetchMany(imap, cache, some, { uid: true, bodyStructure: true });
    for (const { uid, bodyStructure } of emails) {
      await letOthersIn();
      if (!bodyStructure) continue;
      const root = toPart(bodyStructure);
      const part = textWithFiles(root);
      if (matchesParts(root, term)) found.push(uid);
      else if (part) plain.push({ uid, part });
    }
  }
  found.push(...(await filterByFilesInText(imap, cache, term, plain)));
  return found.sort((a, b) => a - b);
}

/**
 * The UIDs after a position in a newly sorted list. Where the email at that position was moved or erased, or belongs
 * to another mailbox, its date decides, and in the same second its UID.
 */
async function continueAfter(
  { imap, cache }: Selected,
  found: readonly number[],
  after: SearchPosition,
): Promise<number[]> {
  let uids = [...found];
  const at = after.own ? uids.indexOf(after.uid) : -1;
  if (at >= 0) return uids.slice(at + 1);
  // The first UID after it lies between `low` and `high`. Dates of evenly spread probes narrow that to one gap.
  let [low, high] = [0, uids.length];
  while (low < high) {
    const step = Math.ceil((high - low) / maxProbes);
    const probes = uids.slice(low, high).filter((_, index) => index % step === 0);
    const dates = await datesOf(imap, cache, probes);
    const gone = new Set(probes.filter((uid) => !dates.has(uid)));
    if (gone.size > 0) {
      uids = uids.filter((uid) => !gone.has(uid));
      high -= gone.size;
      continue;
    }
    const next = probes.findIndex((uid) => {
      const time = dates.get(uid) ?? 0;
      return time < after.receivedAt || (time === after.receivedAt && uid < after.uid);
    });
    if (next >= 0) high = low + next * step;
    if (next === 0 || step === 1) break;
    low = next > 0 ? high - step + 1 : low + (probes.length - 1) * step + 1;
  }
  return uids.slice(high);
}
