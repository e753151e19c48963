/** The mailboxes of an account and their roles. */
import type { ImapFlow, ListResponse, StatusObject, StatusQuery } from "imapflow";
import { AppError } from "../errors.ts";
import { listMailboxEntries, listRecentEntries, listWithValidity } from "../imap/list-mailboxes.ts";
import { mayCountHidden } from "../imap/private-mailboxes.ts";
import { roleOfName } from "./mailbox-names.ts";
import type { ChoosableMailbox, Mailbox, MailboxRole } from "./reading.ts";

export const roles: readonly MailboxRole[] = ["inbox", "sent", "drafts", "trash", "archive", "junk"];

/** Gmail's names for some roles. */
const roleAliases = new Map<string, MailboxRole>([
  ["spam", "junk"],
  ["draft", "drafts"],
]);

/** The role that a name stands for; a mailbox of exactly that name goes first. */
export function toRole(name: string): MailboxRole | undefined {
  const wanted = name.trim().toLowerCase();
  return roleAliases.get(wanted) ?? roles.find((role) => role === wanted);
}

/** Roles by SPECIAL-USE attribute (RFC 6154). */
const roleOfUse: Record<string, MailboxRole> = {
  "\\Inbox": "inbox",
  "\\Sent": "sent",
  "\\Drafts": "drafts",
  "\\Trash": "trash",
  "\\Archive": "archive",
  "\\Junk": "junk",
};

export type KnownMailbox = {
  path: string;
  role?: MailboxRole;
  /** Holds emails that other mailboxes hold as well: \All, \Flagged, \Important. */
  virtual: boolean;
  /** The server said with LIST that it holds no emails (RFC 5819). */
  empty: boolean;
  /** Holds all emails outside trash and junk, as Gmail's All Mail does. */
  holdsAll: boolean;
  /** Holds discarded mail: the trash or junk of the account, of another user, or a shared one. */
  discarded: boolean;
  /** Holds the emails of other mailboxes with this mark. */
  marked?: "flagged" | "important";
  /** The label that its emails bear, which are in other mailboxes as well: `Work` for Proton's `Labels/Work`. */
  label?: string;
};

/** RFC 3501 section 7.2.2. Attributes are case-insensitive; Courier and Zimbra write \NoSelect. */
const selectable = (entry: ListResponse) =>
  ![...entry.flags].some((flag) => ["\\noselect", "\\nonexistent"].includes(flag.toLowerCase()));

/**
 * Finds the label that a mailbox of Proton Mail Bridge stands for. Bridge lists an email in its folder, in All Mail and
 * below `Labels` once for each label; `Labels` and `Folders` themselves hold no emails.
 */
function createLabelFinder(entries: readonly ListResponse[]): (entry: ListResponse) => string | undefined {
  const isParent = (path: string) => entries.some((entry) => entry.path === path && !selectable(entry));
  const isBridge =
    isParent("Labels") && isParent("Folders") && entries.some(({ specialUse }) => specialUse === "\\All");
  return ({ path }) => (isBridge && path.startsWith("Labels/") ? path.slice("Labels/".length) : undefined);
}

/** True for mailboxes of other users and shared ones (RFC 2342): their Trash is not the account's. */
function isForeign(imap: ImapFlow, path: string): boolean {
  const { other, shared } = imap.namespaces ?? {};
  return [...(other || []), ...(shared || [])].some(({ prefix }) => prefix !== "" && path.startsWith(prefix));
}

function toKnown(imap: ImapFlow, entries: readonly ListResponse[]): KnownMailbox[] {
  // Some servers list a mailbox twice; the first entry has the role.
  const listed = new Set<string>();
  const isNew = ({ path }: ListResponse) => !listed.has(path) && listed.add(path);
  const once = entries.filter((entry) => selectable(entry) && isNew(entry));
  const labelOf = createLabelFinder(entries);
  const roleOf = rolesOf(once.filter(({ path }) => !isForeign(imap, path)));
  return once.map((entry) => {
    const holdsAll = entry.specialUse === "\\All";
    const role = roleOf.get(entry);
    const is = (use: string) => entry.specialUse === use || entry.flags.has(use);
    const marked = is("\\Flagged") ? "flagged" : is("\\Important") ? "important" : undefined;
    const usualRole = roleOfUse[entry.specialUse ?? ""] ?? roleOfName(entry.name) ?? toRole(entry.name);
    return {
      path: entry.path,
      virtual: holdsAll || marked !== undefined || labelOf(entry) !== undefined,
      label: labelOf(entry),
      discarded: isDiscarded(role) || (isForeign(imap, entry.path) && isDiscarded(usualRole)),
      holdsAll,
      empty: entry.status?.messages === 0,
      marked,
      role,
    };
  });
}

const isDiscarded = (role: MailboxRole | undefined) => role === "trash" || role === "junk";

/** Assigns each role to one mailbox: by SPECIAL-USE, otherwise by the names that mail programs use. */
function rolesOf(entries: readonly ListResponse[]): Map<ListResponse, MailboxRole> {
  const found = new Map<MailboxRole, ListResponse>();
  const give = (role: MailboxRole | undefined, entry: ListResponse | undefined) => {
    if (role && entry && !found.has(role)) found.set(role, entry);
  };
  for (const entry of entries)
    give(entry.path.toUpperCase() === "INBOX" ? "inbox" : roleOfUse[entry.specialUse ?? ""], entry);
  // Without an archive mailbox All Mail has that role: an email taken out of the inbox stays there.
  give(
    "archive",
    entries.find(({ specialUse }) => specialUse === "\\All"),
  );
  const unused = entries.filter((entry) => !entry.specialUse);
  for (const entry of unused.sort((a, b) => a.parent.length - b.parent.length))
    give(roleOfName(entry.name), entry);
  return new Map([...found].map(([role, entry]) => [entry, role]));
}

/** All selectable mailboxes, by one LIST. `empty` is filled in when `count` is set, which costs the server time. */
export async function knownMailboxes(imap: ImapFlow, count = false): Promise<KnownMailbox[]> {
  return toKnown(
    imap,
    await listMailboxEntries(
      imap,
      count && imap.capabilities.has("LIST-STATUS") ? { statusQuery: { messages: true } } : {},
    ),
  );
}

/** All selectable mailboxes, as they were listed within the last minute, or by one LIST now. `empty` is not known. */
export async function recentMailboxes(imap: ImapFlow): Promise<KnownMailbox[]> {
  return toKnown(imap, await listRecentEntries(imap));
}

/** Time for asking a server without LIST-STATUS for the counts of one mailbox after another. */
const countingMs = 20_000;
/** Mailboxes without a count in an answer that has counts, of which each is asked for. */
const maxUncounted = 50;

/**
 * All selectable mailboxes, those with a role first, with counts: in one round trip with LIST-STATUS (RFC 5819),
 * otherwise by one STATUS each for `patienceMs`; the rest is answered without counts.
 */
export async function listMailboxes(imap: ImapFlow, patienceMs = countingMs): Promise<Mailbox[]> {
  const wanted = { messages: true, unseen: true };
  const atOnce = imap.capabilities.has("LIST-STATUS");
  const entries = await listMailboxEntries(imap, atOnce ? { statusQuery: wanted } : {});
  const statuses = new Map(entries.map((entry) => [entry.path, entry.status]));
  const order = (mailbox: { role?: MailboxRole }) =>
    mailbox.role ? roles.indexOf(mailbox.role) : roles.length;
  const known = toKnown(imap, entries).sort((a, b) => order(a) - order(b) || a.path.localeCompare(b.path));
  if (mayCountHidden(imap)) return known.map(({ path, role }) => ({ path, role }));
  const late = AbortSignal.timeout(patienceMs);
  // A server may leave out the STATUS of a mailbox in its answer to LIST (RFC 5819 section 2).
  const uncounted = known.filter(({ path }) => !statuses.get(path)).length;
  const asksEach = !atOnce || uncounted <= maxUncounted;
  const mailboxes: Mailbox[] = [];
  for (const { path, role } of known) {
    const counted = statuses.get(path);
    const status = counted || late.aborted || !asksEach ? counted : await statusOf(imap, path, wanted);
    mailboxes.push({
      path,
      role,
      total: status?.messages === undefined ? undefined : Math.max(0, status.messages),
      unread: status?.unseen === undefined ? undefined : Math.max(0, status.unseen),
    });
  }
  return mailboxes;
}

/** Roles without which Claude could not work. */
const neverPrivate: readonly MailboxRole[] = ["inbox", "sent", "drafts", "trash"];

/** See MailReading.listChoosable. */
export async function listChoosable(imap: ImapFlow): Promise<ChoosableMailbox[]> {
  const entries = await listWithValidity(imap);
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  return toKnown(imap, entries)
    .filter(({ role, virtual }) => !virtual && (role === undefined || !neverPrivate.includes(role)))
    .map(({ path }) => {
      const { delimiter = "", status } = byPath.get(path) ?? {};
      return { path, delimiter: delimiter ?? "", uidValidity: String(status?.uidValidity ?? "") };
    });
}

/** The counts of one mailbox; undefined where the server refuses them. */
async function statusOf(
  imap: ImapFlow,
  path: string,
  wanted: StatusQuery,
): Promise<StatusObject | undefined> {
  try {
    return (await imap.status(path, wanted)) || undefined;
  } catch (error) {
    if (imap.usable) return undefined;
    throw error;
  }
}

/** Returns a mailbox name that may be sent to a server. Throws invalid_input. */
export function requireMailboxName(name: string): string {
  const bad = name.trim() === "" || name.length > 1000 || !name.isWellFormed() || /\p{Cc}/u.test(name);
  if (bad)
    throw new AppError("invalid_input", "This is not a mailbox name.", {
      hint: "Name a mailbox by its path from list_mailboxes, or by a role: inbox, sent, drafts, trash, archive, junk.",
    });
  return name;
}

/** The path of a selectable mailbox by its levels, with or without the namespace's prefix; undefined if there is none. */
export async function findMailbox(imap: ImapFlow, levels: readonly string[]): Promise<string | undefined> {
  const { prefix, delimiter } = imap.namespace ?? { prefix: "", delimiter: "/" };
  const path = levels.join(delimiter || "/");
  const known = await knownMailboxes(imap);
  return known.find((mailbox) => [path, `${prefix}${path}`].includes(mailbox.path))?.path;
}
