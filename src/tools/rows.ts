/** Rows of emails, as data and as text, shared by all lists. */
import { z } from "zod";
import type { EmailPage, EmailRow } from "../mail/reading.ts";
import { mailAnswer, mailLine } from "./fence.ts";
import type { Selections } from "./selections.ts";

export const person = z.object({ name: mailLine().optional(), address: mailLine() });

const row = z.object({
  id: z.string(),
  from: person,
  to: z.array(person),
  subject: mailLine(),
  date: z.string(),
  mailbox: mailLine(),
  labels: z.array(mailLine()).optional(),
  /** The address of its account, in an answer with emails of several accounts. */
  account: z.string().optional(),
  unread: z.boolean(),
  flagged: z.boolean(),
  answered: z.boolean(),
  deleted: z.literal(true).optional(),
  arrived: z.string().optional(),
  attachments: z.int(),
  size: z.int(),
  snippet: mailLine(),
  /** The snippet is the mail server's preview, which may hold text that the sender hid. */
  preview: z.literal(true).optional(),
});

/** A page of a list, with the mailboxes that were searched, and those that were not and why. */
export const emailPage = mailAnswer({
  /** Addresses of the accounts that were searched. */
  accounts: z.array(z.string()),
  emails: z.array(row),
  total: z.int(),
  cursor: z.string().optional(),
  searched: z.array(mailLine()),
  skipped: z.array(z.object({ mailbox: mailLine(), reason: z.string() })),
  /** Numbers of mailboxes beyond those named in `searched` and `skipped`. */
  more_searched: z.int().optional(),
  more_skipped: z.int().optional(),
  hints: z.array(z.string()).optional(),
  /** All that match, for the tools that change emails. */
  selection: z.string().optional(),
  /** Ids of emails that belong to the page and cannot be read. */
  unreadable: z.array(z.string()).optional(),
});

/** Mailboxes named in `searched` and in `skipped`: the names of 2,000 mailboxes take 45 KB. */
const maxListedMailboxes = 60;

export type ListedPage = z.output<typeof emailPage>;

export function showPerson({ name, address }: { name?: string | undefined; address: string }): string {
  if (!name) return address || "(no address)";
  return address ? `${name} <${address}>` : name;
}

export function showSize(octets: number): string {
  if (octets < 1024) return `${octets} B`;
  if (octets < 1024 * 1024) return `${Math.round(octets / 1024)} KB`;
  return `${(octets / 1024 / 1024).toFixed(1)} MB`;
}

/**
 * One email in two short lines, with its mailbox in a list of several mailboxes, and with its recipients in place of
 * the sender when the account's owner sent it.
 */
export function showRow(
  email: z.output<typeof row>,
  position: number,
  { accounts, searched }: ListedPage,
): string {
  // An email from another account of the same person is shown with its sender.
  const owners = email.account === undefined ? accounts : [email.account];
  const isOwn = owners.some((address) => address.toLowerCase() === email.from.address.toLowerCase());
  const correspondent = isOwn
    ? `to ${email.to.map(showPerson).join(", ") || "nobody"}`
    : showPerson(email.from);
  const marks = [
    email.unread ? "unread" : "",
    email.flagged ? "flagged" : "",
    email.answered ? "answered" : "",
    email.deleted ? "marked as deleted" : "",
    email.arrived ? `arrived ${email.arrived.slice(0, 10)}` : "",
    email.attachments > 0 ? `${email.attachments} attached` : "",
    email.labels?.length ? `labels ${truncate(email.labels.join(", "), 100)}` : "",
    email.preview ? "preview by the server" : "",
    searched.length > 1 ? `in ${email.account ? `${email.account}: ` : ""}${email.mailbox}` : "",
  ].filter((mark) => mark !== "");
  const head = `${position}. ${email.date.slice(0, 16)}${email.date.slice(19)} ${truncate(correspondent, 60)}: ${truncate(email.subject, 90) || "(no subject)"}`;
  // A server may leave the size out of its answer.
  const tail = [...marks, email.size > 0 ? showSize(email.size) : ""]
    .filter((mark) => mark !== "")
    .join(", ");
  const snippet = truncate(email.snippet, 70);
  return `${head}${tail ? ` [${tail}]` : ""}\n   ${email.id}${snippet ? ` ${snippet}` : ""}`;
}

function truncate(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters
    ? text
    : `${text
        .slice(0, maxCharacters - 1)
        .toWellFormed()
        .trimEnd()}…`;
}

/** Mailboxes named in the text. */
const maxNamedMailboxes = 15;

/**
 * `accounts`: the addresses that may precede a mailbox's path when several accounts were searched. `more`: the number of
 * mailboxes beyond `searched`.
 */
export function showSearched(
  searched: readonly string[],
  accounts: readonly string[] = [],
  more = 0,
): string {
  const left = searched.length + more - maxNamedMailboxes;
  const named = nameMailboxes(left > 1 ? searched.slice(0, maxNamedMailboxes) : searched, accounts);
  return `Searched: ${named}${left > 1 ? `, and ${left} other mailboxes` : ""}.`;
}

/** One line per reason. A mailbox that is also in `searched` was searched in part. */
export function showSkipped(
  { skipped, searched, more_skipped }: Pick<ListedPage, "skipped" | "searched" | "more_skipped">,
  accounts: readonly string[] = [],
): string {
  const isPartial = ({ mailbox }: ListedPage["skipped"][number]) => searched.includes(mailbox);
  const toLines = (heading: string, some: ListedPage["skipped"]) =>
    [...Map.groupBy(some, ({ reason }) => reason)].map(([reason, group]) => {
      const paths = group.map(({ mailbox }) => mailbox);
      const left = paths.length - maxNamedMailboxes;
      const named = nameMailboxes(left > 1 ? paths.slice(0, maxNamedMailboxes) : paths, accounts);
      return `${heading}: ${named}${left > 1 ? `, and ${left} other mailboxes` : ""} (${reason}).`;
    });
  return [
    ...toLines("Searched in part", skipped.filter(isPartial)),
    ...toLines(
      "Not searched",
      skipped.filter((one) => !isPartial(one)),
    ),
    ...(more_skipped ? [`Not searched or in part: ${more_skipped} other mailboxes.`] : []),
  ].join("\n");
}

/** The paths by account, each address once: `ann@example.org: INBOX, Sent; ben@example.org: INBOX`. */
function nameMailboxes(paths: readonly string[], accounts: readonly string[]): string {
  const ownerOf = (path: string) => accounts.find((address) => path.startsWith(`${address}: `)) ?? "";
  return [...Map.groupBy(paths, ownerOf)]
    .map(([address, own]) =>
      address === ""
        ? own.join(", ")
        : `${address}: ${own.map((path) => path.slice(address.length + 2)).join(", ")}`,
    )
    .join("; ");
}

/** Ids named in the sentence; the structured content has all. */
const maxNamedIds = 5;

/** One sentence for emails that are there and cannot be read; empty without any. */
export function showUnreadable(ids: readonly string[] = []): string {
  if (ids.length === 0) return "";
  const named = ids.slice(0, maxNamedIds).join(", ");
  const more = ids.length > maxNamedIds ? ` and ${ids.length - maxNamedIds} more` : "";
  return ids.length === 1
    ? `1 email is not shown, because the mail server's answer about it cannot be read: ${named}.`
    : `${ids.length} emails are not shown, because the mail server's answers about them cannot be read: ${named}${more}.`;
}

/** The instruction to continue a list; empty on its last page. */
export function showCursor(cursor: string | undefined): string {
  return cursor ? `More: call again with the same arguments and cursor "${cursor}".` : "";
}

/** The line about a selection; empty without one. */
export function showSelection(selection: string | undefined): string {
  return selection ? `Selection of all that match: ${selection}` : "";
}

/** Converts a page to the output of a list tool, with at most `maxListedMailboxes` names of each kind. */
export function toEmailPage(
  accounts: readonly string[],
  { selection, ...found }: Omit<EmailPage, "emails"> & { emails: readonly EmailRow[] },
  selections?: Selections,
): ListedPage {
  const beyond = (list: readonly unknown[]) => Math.max(0, list.length - maxListedMailboxes) || undefined;
  return {
    accounts: [...accounts],
    ...found,
    emails: [...found.emails],
    searched: found.searched.slice(0, maxListedMailboxes),
    skipped: found.skipped.slice(0, maxListedMailboxes),
    more_searched: beyond(found.searched),
    more_skipped: beyond(found.skipped),
    unreadable: found.unreadable?.length ? found.unreadable : undefined,
    hints: found.hints?.length ? found.hints : undefined,
    selection: selection && selections?.seal(selection),
  };
}
