/**
 * Where a search looks, and for what in each mailbox: those the query names, else all but trash and junk; each email
 * once.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import {
  type MailboxMention,
  mailboxMentions,
  type Remainder,
  reduceForMailbox,
} from "../../query/mailbox-conditions.ts";
import type { Query } from "../../query/query.ts";
import { unsupportedQuery } from "../../query/query-error.ts";
import type { Access } from "../access.ts";
import {
  type KnownMailbox,
  knownMailboxes,
  requireMailboxName,
  toMailboxPath,
  toRole,
} from "../mailboxes.ts";
import { findIgnoringCase, toMailboxNotFound } from "./nearest-mailbox.ts";

/** One mailbox to search. `query` undefined: everything in it. `empty`: it certainly holds nothing. */
export type MailboxSearch = { path: string; query: Query | undefined; empty: boolean };

export type SearchScope = { places: MailboxSearch[]; skipped: { mailbox: string; reason: string }[] };

/** `mailbox` is the tool's own argument: one more `in:`. Throws mailbox_not_found, invalid_input, unsupported_query. */
export async function toSearchScope(
  access: Access,
  parsed: Query,
  mailbox: string | undefined,
): Promise<SearchScope> {
  const query: Query =
    mailbox === undefined
      ? parsed
      : { kind: "all", of: [{ kind: "in", mailbox }, ...(parsed.kind === "all" ? parsed.of : [parsed])] };
  const named = mailboxMentions(query);
  for (const { name } of named) requireMailboxName(name);
  const only = onlyMailbox(named);
  if (only !== undefined) {
    const path = await toMailboxPath(access, only);
    return {
      places: toPlaces(
        path,
        reduceForMailbox(query, () => true),
        false,
      ),
      skipped: [],
    };
  }
  const { known, gmail } = await access.read(undefined, look);
  const scope = overKnown(query, named, known, gmail);
  if (scope.places.length > 0) return scope;
  if (named.filter(({ alone }) => alone).length > 1)
    throw unsupportedQuery(
      "An email is in one mailbox only, and several are named.",
      "Name one, or write in:one OR in:other.",
    );
  throw new AppError("mailbox_not_found", "The query leaves no mailbox to search.");
}

/** The one mailbox that is named beside everything else, when no other is: then nobody needs a list. */
function onlyMailbox(named: readonly MailboxMention[]): string | undefined {
  const names = new Set(named.map(({ name }) => name));
  const sure = named.some(({ alone }) => alone) && named.every(({ wanted }) => wanted);
  const [first] = named;
  return sure && names.size === 1 && first && !isAnywhere(first.name) ? first.name : undefined;
}

function overKnown(
  query: Query,
  named: readonly MailboxMention[],
  known: readonly KnownMailbox[],
  gmail: boolean,
): SearchScope {
  const targets = new Map<string, KnownMailbox>();
  for (const { name } of named) if (!isAnywhere(name)) targets.set(name, toKnown(known, name));
  const pathsOf = (some: readonly MailboxMention[]) =>
    new Set(some.map(({ name }) => targets.get(name)?.path));
  const wanted = pathsOf(named.filter(({ wanted }) => wanted));
  // Where a query names what to look in, the rest goes without saying.
  const narrowed = named.some(({ name, alone }) => alone && !isAnywhere(name));
  const leftOut = pathsOf(narrowed ? [] : named.filter(({ wanted }) => !wanted));
  const anywhere = named.some(({ name, wanted }) => wanted && isAnywhere(name));
  // Gmail's All Mail holds every email but those in trash and junk once, whatever its labels.
  const all = gmail ? known.find((one) => one.holdsAll) : undefined;
  const scope: SearchScope = { places: [], skipped: [] };
  for (const one of known) {
    const binned = one.role === "trash" || one.role === "junk";
    if (all && one !== all && !binned) continue;
    const remainder = reduceForMailbox(query, (name) => {
      const target = targets.get(name);
      if (!target || target === one) return true;
      const labelled = one === all && target.role !== "trash" && target.role !== "junk";
      return labelled ? toLabel(target) : false;
    });
    if (remainder === false) {
      if (leftOut.has(one.path)) scope.skipped.push({ mailbox: one.path, reason: "left out by the query" });
    } else if (binned && !anywhere && !wanted.has(one.path))
      scope.skipped.push({ mailbox: one.path, reason: "only when named, or with in:anywhere" });
    else if (one.virtual && one !== all && !wanted.has(one.path))
      scope.skipped.push({ mailbox: one.path, reason: "shows emails of other mailboxes" });
    else scope.places.push(...toPlaces(one.path, remainder, one.empty));
  }
  return scope;
}

function toPlaces(path: string, remainder: Remainder, empty: boolean): MailboxSearch[] {
  if (remainder === false) return [];
  return [{ path, query: remainder === true ? undefined : remainder, empty }];
}

async function look(imap: ImapFlow): Promise<{ known: KnownMailbox[]; gmail: boolean }> {
  return { known: await knownMailboxes(imap, true), gmail: imap.capabilities.has("X-GM-EXT-1") };
}

const isAnywhere = (name: string) => /^\s*anywhere\s*$/i.test(name);

function toKnown(known: readonly KnownMailbox[], name: string): KnownMailbox {
  const role = toRole(name);
  const found =
    known.find((one) => one.path === name) ??
    known.find((one) => one.role !== undefined && one.role === role) ??
    findIgnoringCase(known, name);
  if (found) return found;
  throw role
    ? new AppError("mailbox_not_found", `This account has no ${role} mailbox.`)
    : toMailboxNotFound(known, name);
}

/** What an email in Gmail's All Mail has when it is in another mailbox, too. */
function toLabel({ path, role, marked }: KnownMailbox): Query {
  if (marked) return { kind: "gmail", words: marked === "flagged" ? "is:starred" : "is:important" };
  if (role) return { kind: "gmail", words: `in:${role}` };
  return { kind: "label", label: path };
}
