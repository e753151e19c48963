/**
 * The mailboxes that a search covers, with the query left for each: those that the query names, otherwise all but
 * trash and junk. No email is covered twice.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import { listMemoryOf } from "../../imap/list-memory.ts";
import { onlyAtGmail } from "../../imap/search-keys.ts";
import {
  type MailboxMention,
  mailboxMentions,
  type Remainder,
  reduceForMailbox,
} from "../../query/mailbox-conditions.ts";
import type { Query } from "../../query/query.ts";
import { unsupportedQuery } from "../../query/query-error.ts";
import type { Access } from "../access.ts";
import { findPath } from "../mailbox-paths.ts";
import {
  type KnownMailbox,
  knownMailboxes,
  recentMailboxes,
  requireMailboxName,
  toRole,
} from "../mailboxes.ts";
import { labelsOf, withLabelMailboxes } from "./label-mailboxes.ts";
import { findIgnoringCase, toMailboxNotFound } from "./nearest-mailbox.ts";

/**
 * One mailbox to search. `query` undefined: all its emails match. `empty`: the server said that it holds none. `usual`:
 * it has a role, so that most emails that are looked for are there.
 */
export type MailboxSearch = { path: string; query: Query | undefined; empty: boolean; usual: boolean };

/** `isRemembered`: by a list of mailboxes of up to a minute ago. */
export type SearchScope = {
  searches: MailboxSearch[];
  skipped: { mailbox: string; reason: string }[];
  isRemembered: boolean;
};

/**
 * The scope of a parsed query; `mailbox`, the tool's own argument, counts as one more `in:`.
 * Throws mailbox_not_found, invalid_input, unsupported_query.
 */
export async function toSearchScope(
  access: Access,
  parsed: Query,
  mailbox: string | undefined,
  { listsAnew = false } = {},
): Promise<SearchScope> {
  const query: Query =
    mailbox === undefined
      ? parsed
      : { kind: "all", of: [{ kind: "in", mailbox }, ...(parsed.kind === "all" ? parsed.of : [parsed])] };
  const named = mailboxMentions(query);
  for (const { name } of named) requireMailboxName(name);
  const only = onlyMailbox(named);
  // A label may be a mailbox of its own (Proton).
  if (only !== undefined && labelsOf(query).length === 0) {
    const { path, isRemembered } = await findPath(access, only, { remembered: !listsAnew });
    const remainder = reduceForMailbox(query, () => true);
    const searches = toSearches({ path, empty: false, usual: true }, remainder);
    return { searches, skipped: [], isRemembered };
  }
  const { known, gmail, isRemembered } = await access.read(undefined, (imap) =>
    listMailboxes(imap, listsAnew),
  );
  const own = gmail ? undefined : findGmailWords(query);
  if (own !== undefined) throw onlyAtGmail(own);
  const labelled = await withLabelMailboxes(access, query, known);
  const mentions = mailboxMentions(labelled);
  // A mailbox that is named may be new.
  const isKnown = ({ name }: MailboxMention) => isAnywhere(name) || findKnown(known, name) !== undefined;
  if (isRemembered && !mentions.every(isKnown))
    return toSearchScope(access, parsed, mailbox, { listsAnew: true });
  const scope = { ...scopeOver(labelled, mentions, known, gmail), isRemembered };
  if (scope.searches.length > 0) return scope;
  if (mentions.filter(({ alone }) => alone).length > 1)
    throw unsupportedQuery(
      "An email is in one mailbox only, and several are named.",
      "Name one, or write in:one OR in:other.",
    );
  throw new AppError("mailbox_not_found", "The query leaves no mailbox to search.");
}

/** Gmail's own words in a query. */
function findGmailWords(query: Query): string | undefined {
  if (query.kind === "gmail") return query.words;
  if (query.kind === "not") return findGmailWords(query.of);
  const parts = query.kind === "all" || query.kind === "any" ? query.of : [];
  return parts.map(findGmailWords).find((words) => words !== undefined);
}

/** The mailbox to search when the query requires exactly one, so that no LIST is needed. */
function onlyMailbox(named: readonly MailboxMention[]): string | undefined {
  const names = new Set(named.map(({ name }) => name));
  const sure = named.some(({ alone }) => alone) && named.every(({ wanted }) => wanted);
  const [first] = named;
  return sure && names.size === 1 && first && !isAnywhere(first.name) ? first.name : undefined;
}

function scopeOver(
  query: Query,
  named: readonly MailboxMention[],
  known: readonly KnownMailbox[],
  gmail: boolean,
): Omit<SearchScope, "isRemembered"> {
  const targets = new Map<string, KnownMailbox>();
  for (const { name } of named) if (!isAnywhere(name)) targets.set(name, requireKnown(known, name));
  const pathsOf = (some: readonly MailboxMention[]) =>
    new Set(some.map(({ name }) => targets.get(name)?.path));
  const wanted = pathsOf(named.filter(({ wanted }) => wanted));
  // A query that requires certain mailboxes leaves the others out without listing them as skipped.
  const narrowed = named.some(({ name, alone }) => alone && !isAnywhere(name));
  const leftOut = pathsOf(narrowed ? [] : named.filter(({ wanted }) => !wanted));
  const anywhere = named.some(({ name, wanted }) => wanted && isAnywhere(name));
  // Gmail's All Mail holds each email outside trash and junk once, whatever its labels.
  const all = gmail ? known.find((one) => one.holdsAll) : undefined;
  const scope: Omit<SearchScope, "isRemembered"> = { searches: [], skipped: [] };
  for (const one of known) {
    if (all && one !== all && !one.discarded) continue;
    const remainder = reduceForMailbox(query, (name) => {
      const target = targets.get(name);
      if (!target || target === one) return true;
      const labelled = one === all && target.role !== "trash" && target.role !== "junk";
      return labelled ? toLabelCondition(target) : false;
    });
    if (remainder === false) {
      if (leftOut.has(one.path)) scope.skipped.push({ mailbox: one.path, reason: "left out by the query" });
    } else if (one.discarded && !anywhere && !wanted.has(one.path))
      scope.skipped.push({ mailbox: one.path, reason: "only when named, or with in:anywhere" });
    else if (one.virtual && one !== all && !wanted.has(one.path))
      scope.skipped.push({ mailbox: one.path, reason: "shows emails of other mailboxes" });
    else scope.searches.push(...toSearches({ ...one, usual: one.role !== undefined }, remainder));
  }
  return scope;
}

function toSearches(
  { path, empty, usual }: Pick<MailboxSearch, "path" | "empty" | "usual">,
  remainder: Remainder,
): MailboxSearch[] {
  if (remainder === false) return [];
  return [{ path, query: remainder === true ? undefined : remainder, empty, usual }];
}

/** Remembered mailboxes that are searched without knowing which are empty: in one flight. */
const maxRemembered = 50;

async function listMailboxes(
  imap: ImapFlow,
  listsAnew: boolean,
): Promise<{ known: KnownMailbox[]; gmail: boolean; isRemembered: boolean }> {
  const gmail = imap.capabilities.has("X-GM-EXT-1");
  const isFlightFit = imap.capabilities.has("SORT") && !gmail && !listsAnew;
  const remembered = isFlightFit ? listMemoryOf(imap).read() : undefined;
  if (remembered && remembered.length <= maxRemembered)
    return { known: await recentMailboxes(imap), gmail, isRemembered: true };
  return { known: await knownMailboxes(imap, true), gmail, isRemembered: false };
}

const isAnywhere = (name: string) => /^\s*anywhere\s*$/i.test(name);

function findKnown(known: readonly KnownMailbox[], name: string): KnownMailbox | undefined {
  const role = toRole(name);
  return (
    known.find((one) => one.path === name) ??
    known.find((one) => one.role !== undefined && one.role === role) ??
    findIgnoringCase(known, name)
  );
}

/** The mailbox named by path or role. Throws mailbox_not_found. */
function requireKnown(known: readonly KnownMailbox[], name: string): KnownMailbox {
  const role = toRole(name);
  const found = findKnown(known, name);
  if (found) return found;
  throw role
    ? new AppError("mailbox_not_found", `This account has no ${role} mailbox.`)
    : toMailboxNotFound(known, name);
}

/** The condition by which emails of a mailbox are found in Gmail's All Mail. */
function toLabelCondition({ path, role, marked }: KnownMailbox): Query {
  if (marked) return { kind: "gmail", words: marked === "flagged" ? "is:starred" : "is:important" };
  if (role) return { kind: "gmail", words: `in:${role}` };
  return { kind: "label", label: path };
}
