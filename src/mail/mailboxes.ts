/** Which mailboxes there are, and what they are for. */
import type { ImapFlow, ListResponse } from "imapflow";
import { AppError } from "../errors.ts";
import type { Access } from "./access.ts";
import type { Mailbox, MailboxRole } from "./mail.ts";

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

/** SPECIAL-USE (RFC 6154), or, where a server has none, the names mail clients use in their languages (imapflow). */
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

const selectable = (entry: ListResponse) =>
  !entry.flags.has("\\Noselect") && !entry.flags.has("\\NonExistent");

function toKnown(entries: readonly ListResponse[]): KnownMailbox[] {
  const hasArchive = entries.some((entry) => entry.specialUse === "\\Archive");
  return entries.filter(selectable).map((entry) => {
    const holdsAll = entry.specialUse === "\\All";
    const role = entry.path.toUpperCase() === "INBOX" ? "inbox" : roleOfUse[entry.specialUse ?? ""];
    // Where there is no archive, taking an email out of the inbox leaves it in All Mail: that is archiving there.
    const asRole = role ?? (holdsAll && !hasArchive ? "archive" : undefined);
    const is = (use: string) => entry.specialUse === use || entry.flags.has(use);
    const marked = is("\\Flagged") ? "flagged" : is("\\Important") ? "important" : undefined;
    return {
      path: entry.path,
      virtual: holdsAll || marked !== undefined,
      holdsAll,
      empty: entry.status?.messages === 0,
      ...(marked ? { marked } : {}),
      ...(asRole ? { role: asRole } : {}),
    };
  });
}

/** Every selectable mailbox: one LIST. `empty` is told on request; counting costs a server time. */
export async function knownMailboxes(imap: ImapFlow, count = false): Promise<KnownMailbox[]> {
  return toKnown(
    await imap.list(count && imap.capabilities.has("LIST-STATUS") ? { statusQuery: { messages: true } } : {}),
  );
}

/** Every selectable mailbox with its counts: one round trip with LIST-STATUS (RFC 5819), else a STATUS each. */
export async function listMailboxes(imap: ImapFlow): Promise<Mailbox[]> {
  const entries = await imap.list({ statusQuery: { messages: true, unseen: true } });
  const status = new Map(entries.map((entry) => [entry.path, entry.status]));
  const order = (mailbox: { role?: MailboxRole }) =>
    mailbox.role ? roles.indexOf(mailbox.role) : roles.length;
  return toKnown(entries)
    .map(({ path, role }) => ({
      path,
      ...(role ? { role } : {}),
      total: Math.max(0, status.get(path)?.messages ?? 0),
      unread: Math.max(0, status.get(path)?.unseen ?? 0),
    }))
    .sort((a, b) => order(a) - order(b) || a.path.localeCompare(b.path));
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
