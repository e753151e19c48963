/** Which mailboxes there are, and what they are for. */
import type { ImapFlow, ListResponse, StatusObject, StatusQuery } from "imapflow";
import { AppError } from "../errors.ts";
import type { Access } from "./access.ts";

import { roleOfName } from "./mailbox-names.ts";
import type { Mailbox, MailboxRole } from "./reading.ts";

export const roles: readonly MailboxRole[] = ["inbox", "sent", "drafts", "trash", "archive", "junk"];

/** What Gmail calls some of them. */
const alsoCalled = new Map<string, MailboxRole>([
  ["spam", "junk"],
  ["draft", "drafts"],
]);

/** The role that a name means, where no mailbox is called exactly that. */
export function toRole(name: string): MailboxRole | undefined {
  const wanted = name.trim().toLowerCase();
  return alsoCalled.get(wanted) ?? roles.find((role) => role === wanted);
}

/** SPECIAL-USE (RFC 6154), or, where a server has none, the names mail clients use in their languages. */
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
  /** Shows the emails of other mailboxes again: \All, \Flagged, \Important. */
  virtual: boolean;
  /** Certainly without emails; only where the server says so with the list itself (RFC 5819). */
  empty: boolean;
  /** The one that holds everything but trash and junk (Gmail's All Mail). */
  holdsAll: boolean;
  /** Shows what is marked so in other mailboxes. */
  marked?: "flagged" | "important";
};

/** RFC 3501 section 7.2.2; flags are not case-sensitive, and Courier and Zimbra write \NoSelect. */
const selectable = (entry: ListResponse) =>
  ![...entry.flags].some((flag) => ["\\noselect", "\\nonexistent"].includes(flag.toLowerCase()));

/** Whether it is another person's, or everybody's (RFC 2342): its Trash is not where this account's emails go. */
function isForeign(imap: ImapFlow, path: string): boolean {
  const { other, shared } = imap.namespaces ?? {};
  return [...(other || []), ...(shared || [])].some(({ prefix }) => prefix !== "" && path.startsWith(prefix));
}

function toKnown(imap: ImapFlow, entries: readonly ListResponse[]): KnownMailbox[] {
  // Some servers list a mailbox twice; the first has the role.
  const listed = new Set<string>();
  const isNew = ({ path }: ListResponse) => !listed.has(path) && listed.add(path);
  const once = entries.filter((entry) => selectable(entry) && isNew(entry));
  const roleOf = rolesOf(once.filter(({ path }) => !isForeign(imap, path)));
  return once.map((entry) => {
    const holdsAll = entry.specialUse === "\\All";
    const role = roleOf.get(entry);
    const is = (use: string) => entry.specialUse === use || entry.flags.has(use);
    const marked = is("\\Flagged") ? "flagged" : is("\\Important") ? "important" : undefined;
    return {
      path: entry.path,
      virtual: holdsAll || marked !== undefined,
      holdsAll,
      empty: entry.status?.messages === 0,
      ...(marked ? { marked } : {}),
      ...(role ? { role } : {}),
    };
  });
}

/** Each role once. */
function rolesOf(entries: readonly ListResponse[]): Map<ListResponse, MailboxRole> {
  const found = new Map<MailboxRole, ListResponse>();
  const give = (role: MailboxRole | undefined, entry: ListResponse | undefined) => {
    if (role && entry && !found.has(role)) found.set(role, entry);
  };
  for (const entry of entries)
    give(entry.path.toUpperCase() === "INBOX" ? "inbox" : roleOfUse[entry.specialUse ?? ""], entry);
  // Where there is no archive, taking an email out of the inbox leaves it in All Mail: that is archiving there.
  give(
    "archive",
    entries.find(({ specialUse }) => specialUse === "\\All"),
  );
  const unused = entries.filter((entry) => !entry.specialUse);
  for (const entry of unused.sort((a, b) => a.parent.length - b.parent.length))
    give(roleOfName(entry.name), entry);
  return new Map([...found].map(([role, entry]) => [entry, role]));
}

/** Every selectable mailbox: one LIST. `empty` is told on request; counting costs a server time. */
export async function knownMailboxes(imap: ImapFlow, count = false): Promise<KnownMailbox[]> {
  return toKnown(
    imap,
    await imap.list(count && imap.capabilities.has("LIST-STATUS") ? { statusQuery: { messages: true } } : {}),
  );
}

/** How long a server without LIST-STATUS is asked for the counts of one mailbox after another. */
const countingMs = 20_000;

/**
 * Every selectable mailbox, those with a role first. With its counts: one round trip with LIST-STATUS (RFC 5819), else
 * a STATUS each, for as many as there is time for; the others are told without.
 */
export async function listMailboxes(imap: ImapFlow, patienceMs = countingMs): Promise<Mailbox[]> {
  const wanted = { messages: true, unseen: true };
  const atOnce = imap.capabilities.has("LIST-STATUS");
  const entries = await imap.list(atOnce ? { statusQuery: wanted } : {});
  const told = new Map(entries.map((entry) => [entry.path, entry.status]));
  const order = (mailbox: { role?: MailboxRole }) =>
    mailbox.role ? roles.indexOf(mailbox.role) : roles.length;
  const known = toKnown(imap, entries).sort((a, b) => order(a) - order(b) || a.path.localeCompare(b.path));
  const late = AbortSignal.timeout(patienceMs);
  const mailboxes: Mailbox[] = [];
  for (const { path, role } of known) {
    const status = atOnce || late.aborted ? told.get(path) : await statusOf(imap, path, wanted);
    mailboxes.push({
      path,
      ...(role ? { role } : {}),
      ...(status?.messages === undefined ? {} : { total: Math.max(0, status.messages) }),
      ...(status?.unseen === undefined ? {} : { unread: Math.max(0, status.unseen) }),
    });
  }
  return mailboxes;
}

/** The counts of one mailbox; none where the server refuses them. */
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

/** A mailbox name that may go to a server. Throws invalid_input for what no mailbox is called. */
export function requireMailboxName(name: string): string {
  const bad = name.trim() === "" || name.length > 1000 || !name.isWellFormed() || /\p{Cc}/u.test(name);
  if (bad)
    throw new AppError("invalid_input", "This is not a mailbox name.", {
      hint: "Name a mailbox by its path from list_mailboxes, or by a role: inbox, sent, drafts, trash, archive, junk.",
    });
  return name;
}

/**
 * The path of a mailbox named by path or role. Asks the server only for roles other than inbox.
 * Throws mailbox_not_found when the account has no mailbox for the role.
 */
export async function toMailboxPath(access: Access, name: string): Promise<string> {
  requireMailboxName(name);
  const wanted = toRole(name);
  if (wanted === "inbox") return "INBOX";
  if (wanted === undefined) return name;
  const known = await access.read(undefined, (imap) => knownMailboxes(imap));
  const found =
    known.find((mailbox) => mailbox.path === name) ?? known.find((mailbox) => mailbox.role === wanted);
  if (found) return found.path;
  throw new AppError("mailbox_not_found", `This account has no ${wanted} mailbox.`);
}
