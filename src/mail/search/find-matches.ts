/** The emails of one mailbox that match, newest first. Uses SORT where the server has it, and is right without. */
import type { ImapFlow } from "imapflow";
import { toPart } from "../../email/part.ts";
import { toGmailKeys } from "../../imap/gmail-keys.ts";
import { atom, ignoreRefusal, type SearchToken, uidSearch, uidSort } from "../../imap/raw-search.ts";
import { toSearchKeys } from "../../imap/search-keys.ts";
import { requireSelected } from "../../imap/select.ts";
import type { Query } from "../../query/query.ts";
import { matchesParts } from "./attachment-match.ts";
import { chunks, datesOf, type Matches, newestOf, type Place, type Wanted } from "./newest-matches.ts";

/** Emails whose dates are asked at once to find a place in a list. */
const maxProbes = 500;

/**
 * Emails whose structure is fetched to answer has:attachment and filename:. Nothing cheaper narrows them without losing
 * some: to Dovecot's $HasNoAttachment an attached email or a winmail.dat is none.
 */
const maxStructures = 3000;

/**
 * `query` undefined: everything. `within`: keys that leave a slice of the mailbox. The mailbox is selected; UID
 * commands only.
 */
export async function findMatches(
  imap: ImapFlow,
  query: Query | undefined,
  within: readonly SearchToken[],
  wanted: Wanted,
): Promise<Matches> {
  if (requireSelected(imap).exists === 0) return { total: 0, left: 0, head: [], dates: new Map() };
  if (query && imap.capabilities.has("X-GM-EXT-1"))
    return inOrder(imap, [...within, ...toGmailKeys(query)], wanted);
  if (!query || !asksParts(query))
    return inOrder(imap, [...within, ...(query ? toSearchKeys(query) : [atom("ALL")])], wanted);
  const { universe, problem } = await toUniverse(imap, query);
  const found = await bySets(imap, query, universe);
  return { ...(await inOrder(imap, uidSet(found), wanted, found)), ...problem };
}

/** All that match `keys`; `found` when it is known already which these are. */
async function inOrder(
  imap: ImapFlow,
  keys: readonly SearchToken[],
  wanted: Wanted,
  found?: readonly number[],
): Promise<Matches> {
  if (found?.length === 0) return { total: 0, left: 0, head: [], dates: new Map() };
  const uids = imap.capabilities.has("SORT") ? await uidSort(imap, keys).catch(ignoreRefusal) : undefined;
  if (!uids) return newestOf(imap, keys, found ?? (await uidSearch(imap, keys)), wanted);
  const left = wanted.after ? await continueAfter(imap, uids, wanted.after) : uids;
  return { total: uids.length, left: left.length, head: left.slice(0, wanted.limit), dates: new Map() };
}

/** The emails that a question about their parts is put to: all that the rest of the query leaves, up to a limit. */
async function toUniverse(
  imap: ImapFlow,
  query: Query,
): Promise<{ universe: number[]; problem: { problem: string } | Record<string, never> }> {
  const served = query.kind === "all" ? query.of.filter((part) => !asksParts(part)) : [];
  const all = await uidSearch(imap, served.length > 0 ? served.flatMap(toSearchKeys) : [atom("ALL")]);
  if (all.length <= maxStructures) return { universe: all, problem: {} };
  const problem = `only the newest ${maxStructures} of ${all.length} emails were asked what is attached; narrow the search, for example with before:`;
  return { universe: all.slice(-maxStructures), problem: { problem } };
}

export function asksParts(query: Query): boolean {
  if (query.kind === "all" || query.kind === "any") return query.of.some(asksParts);
  if (query.kind === "not") return asksParts(query.of);
  return query.kind === "attachment" || query.kind === "filename";
}

/**
 * A query that also asks what hangs on the email, which no SEARCH key can: what the server can answer is answered by
 * it, and only what is left is looked at part by part. Ascending UIDs out of `universe`.
 */
async function bySets(imap: ImapFlow, query: Query, universe: readonly number[]): Promise<number[]> {
  if (universe.length === 0) return [];
  if (!asksParts(query)) return uidSearch(imap, [...uidSet(universe), ...toSearchKeys(query)]);
  switch (query.kind) {
    case "all": {
      let left = [...universe];
      const cheapFirst = [...query.of].sort((a, b) => Number(asksParts(a)) - Number(asksParts(b)));
      for (const part of cheapFirst) left = await bySets(imap, part, left);
      return left;
    }
    case "any": {
      const found = new Set<number>();
      for (const part of query.of) for (const uid of await bySets(imap, part, universe)) found.add(uid);
      return [...found].sort((a, b) => a - b);
    }
    case "not": {
      const inside = new Set(await bySets(imap, query.of, universe));
      return universe.filter((uid) => !inside.has(uid));
    }
    default:
      return byParts(imap, query, universe);
  }
}

const uidSet = (uids: readonly number[]): SearchToken[] => [
  atom("UID"),
  { type: "SEQUENCE", value: uids.join(",") },
];

async function byParts(imap: ImapFlow, term: Query, universe: readonly number[]): Promise<number[]> {
  const found: number[] = [];
  for (const some of chunks(universe)) {
    const emails = await imap.fetchAll(some.join(","), { uid: true, bodyStructure: true }, { uid: true });
    for (const { uid, bodyStructure } of emails)
      if (bodyStructure && matchesParts(toPart(bodyStructure), term)) found.push(uid);
  }
  return found.sort((a, b) => a - b);
}

/**
 * What comes after a place in a list that was made anew. When the email itself is gone (moved or deleted since), or
 * is of another mailbox, its date tells, and for the same second its UID.
 */
async function continueAfter(imap: ImapFlow, found: readonly number[], after: Place): Promise<number[]> {
  let uids = [...found];
  const at = after.own ? uids.indexOf(after.uid) : -1;
  if (at >= 0) return uids.slice(at + 1);
  // The first that comes after it is from `low` to `high`; dates spread over these leave the gap between two of them.
  let [low, high] = [0, uids.length];
  while (low < high) {
    const step = Math.ceil((high - low) / maxProbes);
    const probes = uids.slice(low, high).filter((_, index) => index % step === 0);
    const dates = await datesOf(imap, probes);
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
