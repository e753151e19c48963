/** Selections: the set of emails that a search found, small enough to be handed out and to be searched for again. */
import { toUidSet } from "../../imap/uid-set.ts";
import type { Query } from "../../query/query.ts";
import { hashSecret } from "../../secrets.ts";
import type { SelectedMailbox, Selection, SelectionPart } from "../reading.ts";

/** The emails of one mailbox that match `query`. `validity`: UIDVALIDITY as decimal digits. */
export type MatchedMailbox = {
  path: string;
  validity: string;
  query: Query | undefined;
  uids: readonly number[];
};

/** Emails of the largest selection: more would be twenty calls, and answers to SEARCH that are too large to parse. */
const maxSelected = 100_000;

/** Makes a selection of what was found; undefined when that is nothing, or more than `maxSelected` emails. */
export function toSelection(accountTag: string, found: readonly MatchedMailbox[]): Selection | undefined {
  const matched = found.filter(({ uids }) => uids.length > 0);
  const count = matched.reduce((sum, { uids }) => sum + uids.length, 0);
  if (count === 0 || count > maxSelected) return undefined;
  const parts: SelectionPart[] = [];
  const byQuery = Map.groupBy(matched, ({ query }) => JSON.stringify(query) ?? "");
  const ordered = [...byQuery.values()];
  for (const group of ordered)
    parts.push({ query: group[0]?.query, mailboxes: group.map(toSelectedMailbox) });
  return { accountTag, parts, count, hash: toSetHash(ordered.flat()) };
}

function toSelectedMailbox({ path, validity, uids }: MatchedMailbox): SelectedMailbox {
  let [nextUid, highestUid] = [Number.POSITIVE_INFINITY, 0];
  for (const uid of uids) {
    nextUid = Math.min(nextUid, uid);
    highestUid = Math.max(highestUid, uid);
  }
  return { path, uidValidity: validity, nextUid, highestUid };
}

/** A hash over the UIDs in all mailboxes: equal only for the same emails, except for one case in 2^48. */
export function toSetHash(found: readonly Omit<MatchedMailbox, "query">[]): string {
  const sets = found.map(({ path, validity, uids }) => [path, validity, toUidSet(uids)]);
  return hashSecret(JSON.stringify(sets)).slice(0, 8);
}
