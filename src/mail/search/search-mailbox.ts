/** The emails of one mailbox that match, newest first. Uses SORT where the server has it, and is right without. */
import type { ImapFlow } from "imapflow";
import { requireSelected } from "../access.ts";
import { toPart } from "../email/structure.ts";
import type { Query } from "./query.ts";
import { toGmailQuery, toSearchKeys } from "./query-imap.ts";
import { atom, type SearchToken, string, uidSearch, uidSort } from "./raw-search.ts";
import { receivedAt } from "./rows.ts";
import { matchesParts } from "./search-parts.ts";

export type Match = { uid: number; receivedAt: number };

export type Matches = {
  /** All of them, newest first. */
  uids: number[];
  /** INTERNALDATE of those that were looked at, milliseconds. */
  dates: ReadonlyMap<number, number>;
  /** What could not be done, in our words. */
  problem?: string;
};

/** Emails whose structure is fetched to answer has:attachment and filename:. */
const maxStructures = 3000;
/** Emails whose dates are fetched to put them in order where the server cannot. */
const maxDates = 20_000;
const chunk = 500;

/** `query` undefined: everything. The mailbox is selected. */
export async function findMatches(imap: ImapFlow, query: Query | undefined): Promise<Matches> {
  if (requireSelected(imap).exists === 0) return { uids: [], dates: new Map() };
  const sorts = imap.capabilities.has("SORT");
  const gmail = imap.capabilities.has("X-GM-EXT-1") && query ? toGmailQuery(query) : undefined;
  if (gmail !== undefined) return inOrder(imap, await uidSearch(imap, [atom("X-GM-RAW"), string(gmail)]));
  if (!query || !asksParts(query)) {
    const keys = query ? toSearchKeys(query) : [atom("ALL")];
    return sorts
      ? { uids: await uidSort(imap, keys), dates: new Map() }
      : inOrder(imap, await uidSearch(imap, keys));
  }
  const { universe, problem } = await toUniverse(imap, query);
  const found = await bySets(imap, query, universe);
  if (!sorts) return { ...(await inOrder(imap, found)), ...problem };
  const order = found.length > 0 ? await uidSort(imap, uidSet(found)) : [];
  return { uids: order, dates: new Map(), ...problem };
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

function asksParts(query: Query): boolean {
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

function chunks(uids: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(uids.length / chunk) }, (_, at) =>
    uids.slice(at * chunk, (at + 1) * chunk),
  );
}

/** Newest first without SORT: by the dates of all that match. */
async function inOrder(imap: ImapFlow, uids: readonly number[]): Promise<Matches> {
  const considered = uids.slice(-maxDates);
  const dates = await datesOf(imap, considered);
  const order = [...considered].sort((a, b) => (dates.get(b) ?? 0) - (dates.get(a) ?? 0) || b - a);
  const rest = uids.slice(0, -maxDates || uids.length).reverse();
  if (considered.length === uids.length) return { uids: order, dates };
  return {
    uids: [...order, ...rest],
    dates,
    problem: `has ${uids.length} matches; only the newest ${maxDates} are in order`,
  };
}

/** INTERNALDATE of emails of the selected mailbox. */
export async function datesOf(imap: ImapFlow, uids: readonly number[]): Promise<Map<number, number>> {
  const dates = new Map<number, number>();
  for (const some of chunks(uids)) {
    const emails = await imap.fetchAll(some.join(","), { uid: true, internalDate: true }, { uid: true });
    for (const email of emails) dates.set(email.uid, receivedAt(email));
  }
  return dates;
}

/** The place after an email: of this mailbox (`own`), or one that another mailbox's email has in the common order. */
export type Place = { uid: number; receivedAt: number; own: boolean };

/**
 * What comes after a place in a list that was made anew. When the email itself is gone (moved or deleted since), or
 * is of another mailbox, its date tells, and for the same second its UID.
 */
export async function continueAfter(
  imap: ImapFlow,
  { uids, dates }: Matches,
  after: Place,
): Promise<number[]> {
  const at = after.own ? uids.indexOf(after.uid) : -1;
  if (at >= 0) return uids.slice(at + 1);
  for (let start = 0; start < uids.length; start += chunk) {
    const some = uids.slice(start, start + chunk);
    const known = some.every((uid) => dates.has(uid)) ? dates : await datesOf(imap, some);
    const next = some.findIndex((uid) => {
      const time = known.get(uid) ?? 0;
      return time < after.receivedAt || (time === after.receivedAt && uid < after.uid);
    });
    if (next >= 0) return uids.slice(start + next);
  }
  return [];
}
