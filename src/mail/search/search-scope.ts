/** Where a search looks: the mailboxes asked for, or all but trash and junk, each emails once. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import type { Access } from "../access.ts";
import { type KnownMailbox, knownMailboxes, requireMailboxName, roles, toMailboxPath } from "../mailboxes.ts";
import type { Query } from "./query.ts";
import { wrongQuery } from "./query-words.ts";

export type Scope = {
  paths: string[];
  /** Those of the paths that hold nothing to be found. */
  empty: ReadonlySet<string>;
  skipped: { mailbox: string; reason: string }[];
  /** What is looked for there; undefined: everything. */
  query: Query | undefined;
};

/** What `in:` says, taken out of the query. */
type Places = { within: string[]; without: string[]; query: Query | undefined };

/** `in:` narrows the whole search, so it may stand beside everything else only. Throws unsupported_query. */
export function toPlaces(query: Query): Places {
  const parts = query.kind === "all" ? query.of : [query];
  const within = parts.flatMap((part) => (part.kind === "in" ? [part.mailbox] : []));
  const without = parts.flatMap((part) =>
    part.kind === "not" && part.of.kind === "in" ? [part.of.mailbox] : [],
  );
  const rest = parts.filter((part) => part.kind !== "in" && !(part.kind === "not" && part.of.kind === "in"));
  if (rest.some(holdsPlace))
    throw wrongQuery(
      '"in:" stands inside OR or brackets.',
      "Put in: beside everything else, or search twice.",
    );
  const [only] = rest;
  return { within, without, query: rest.length > 1 ? { kind: "all", of: rest } : only };
}

function holdsPlace(query: Query): boolean {
  if (query.kind === "all" || query.kind === "any") return query.of.some(holdsPlace);
  return query.kind === "in" || (query.kind === "not" && holdsPlace(query.of));
}

/** `mailbox` is the tool's own argument. Throws mailbox_not_found, unsupported_query. */
export async function toScope(access: Access, parsed: Query, mailbox: string | undefined): Promise<Scope> {
  const { within, without, query } = toPlaces(parsed);
  const named = [
    ...(mailbox === undefined ? [] : [mailbox]),
    ...within.filter((name) => !/^anywhere$/i.test(name)),
  ];
  const [first, ...others] = named;
  const anywhere = named.length === 0 && within.length > 0;
  if (first !== undefined && without.length === 0) {
    const paths = new Set([await toMailboxPath(access, first)]);
    for (const other of others) paths.add(await toMailboxPath(access, other));
    if (paths.size > 1)
      throw wrongQuery("An email is in one mailbox only, and several are named.", "Name one.");
    return { paths: [...paths], empty: new Set(), skipped: [], query };
  }
  if (first !== undefined) throw wrongQuery('"-in:" beside a named mailbox says nothing.', "Leave it out.");
  const { known, gmail } = await access.read(undefined, look);
  const excluded = without.map((name) => toKnownPath(known, name));
  const skipped: Scope["skipped"] = [];
  const paths: string[] = [];
  const all = gmail ? known.find((one) => one.holdsAll) : undefined;
  for (const one of known) {
    const hidden = (one.role === "trash" || one.role === "junk") && !anywhere;
    if (excluded.includes(one.path)) skipped.push({ mailbox: one.path, reason: "left out by the query" });
    else if (hidden) skipped.push({ mailbox: one.path, reason: "only when named, or with in:anywhere" });
    else if (all && one !== all && one.role !== "trash" && one.role !== "junk") continue;
    else if (one.virtual && one !== all)
      skipped.push({ mailbox: one.path, reason: "shows emails of other mailboxes" });
    else paths.push(one.path);
  }
  if (paths.length === 0) throw new AppError("mailbox_not_found", "There is no mailbox left to search.");
  const empty = new Set(known.filter((one) => one.empty).map(({ path }) => path));
  return { paths, empty, skipped, query };
}

async function look(imap: ImapFlow): Promise<{ known: KnownMailbox[]; gmail: boolean }> {
  return { known: await knownMailboxes(imap, true), gmail: imap.capabilities.has("X-GM-EXT-1") };
}

function toKnownPath(known: readonly KnownMailbox[], name: string): string {
  requireMailboxName(name);
  const role = roles.find((one) => one === name.toLowerCase());
  const found =
    known.find((one) => one.path === name) ??
    known.find((one) => one.role !== undefined && one.role === role);
  if (found) return found.path;
  throw new AppError("mailbox_not_found", `There is no mailbox "${name.slice(0, 100)}".`);
}
