/** `label:` on servers that have a mailbox for each label (Proton Mail Bridge). */
import { quoted } from "../../errors.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { atom } from "../../imap/raw-search.ts";
import { readFresh } from "../../imap/sync.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import type { Query } from "../../query/query.ts";
import { unsupportedQuery } from "../../query/query-error.ts";
import type { Access } from "../access.ts";
import type { KnownMailbox } from "../mailboxes.ts";
import { findUidsOf } from "./find-matches.ts";

/** Emails of a label that a search may leave out, at most: each is one more condition for every other mailbox. */
const maxExcluded = 100;

/** The labels of a query, with the number of negations above each. */
export function labelsOf(query: Query, negations = 0): { label: string; negations: number }[] {
  if (query.kind === "label") return [{ label: query.label, negations }];
  if (query.kind === "not") return labelsOf(query.of, negations + 1);
  return query.kind === "all" || query.kind === "any"
    ? query.of.flatMap((part) => labelsOf(part, negations))
    : [];
}

const toLower = (label: string) => label.toLowerCase();

/**
 * Reads `label:` as the mailbox that holds the emails of the label, where there is one. No mailbox holds those that lack
 * a label: under a negation the label becomes the Message-IDs of its emails, of those that the rest of the query can
 * match. Throws unsupported_query for more than `maxExcluded`.
 */
export async function withLabelMailboxes(
  access: Access,
  query: Query,
  known: readonly KnownMailbox[],
): Promise<Query> {
  const byLabel = new Map(known.flatMap(({ label, path }) => (label ? [[toLower(label), path]] : [])));
  const excluded = labelsOf(query).filter(
    ({ label, negations }) => byLabel.has(toLower(label)) && negations > 0,
  );
  const idsByLabel = new Map<string, Query[]>();
  for (const { label } of excluded) {
    const path = byLabel.get(toLower(label)) ?? "";
    if (!idsByLabel.has(toLower(label)))
      idsByLabel.set(toLower(label), await findIds(access, path, label, toRest(query)));
  }
  const replace = (part: Query, isNegated: boolean): Query => {
    if (part.kind === "label") {
      const mailbox = byLabel.get(toLower(part.label));
      if (mailbox === undefined) return part;
      return isNegated
        ? { kind: "any", of: idsByLabel.get(toLower(part.label)) ?? [] }
        : { kind: "in", mailbox };
    }
    if (part.kind === "not") return toNegation(replace(part.of, true));
    return part.kind === "all" || part.kind === "any"
      ? { ...part, of: part.of.map((one) => replace(one, isNegated)) }
      : part;
  };
  return byLabel.size === 0 ? query : replace(query, false);
}

/** Negates each alternative by itself: servers limit how deep OR may be nested. */
const toNegation = (query: Query): Query =>
  query.kind === "any"
    ? { kind: "all", of: query.of.map((one) => ({ kind: "not", of: one })) }
    : { kind: "not", of: query };

/** The conditions of a query that every match fulfills, without mailboxes and labels. */
function toRest(query: Query): Query | undefined {
  const asksPlace = (part: Query): boolean =>
    part.kind === "all" || part.kind === "any"
      ? part.of.some(asksPlace)
      : part.kind === "not"
        ? asksPlace(part.of)
        : part.kind === "in" || part.kind === "label";
  const of = (query.kind === "all" ? query.of : [query]).filter((part) => !asksPlace(part));
  return of.length === 0 ? undefined : { kind: "all", of };
}

/** The Message-IDs of the emails in a label's mailbox that match `rest`, as conditions. */
function findIds(access: Access, path: string, label: string, rest: Query | undefined): Promise<Query[]> {
  return access.read(path, async (imap, cache) => {
    const uids = await readFresh(imap, () => findUidsOf({ imap, cache }, rest, [atom("ALL")]));
    if (uids.length > maxExcluded)
      throw unsupportedQuery(
        `This mail server does not tell which emails lack a label, and ${uids.length} have ${quoted(label)}.`,
        "Narrow the search, for example with after:, or leave out -label:.",
      );
    if (uids.length === 0) return [];
    const emails = await fetchByUid(imap, toUidSet(uids), { uid: true, envelope: true });
    return emails.flatMap(({ envelope }): Query[] =>
      envelope?.messageId ? [{ kind: "header", header: "Message-ID", text: envelope.messageId }] : [],
    );
  });
}
