/** Rows of emails, as data and as text, shared by all lists. */
import { z } from "zod";
import type { EmailPage, EmailRow } from "../mail/reading.ts";
import { mailAnswer, mailLine } from "./fence.ts";

export const person = z.object({ name: mailLine().optional(), address: mailLine() });

const row = z.object({
  id: z.string(),
  from: person,
  to: z.array(person),
  subject: mailLine(),
  date: z.string(),
  mailbox: mailLine(),
  /** The address of its account, in an answer with emails of several accounts. */
  account: z.string().optional(),
  unread: z.boolean(),
  flagged: z.boolean(),
  answered: z.boolean(),
  attachments: z.int(),
  size: z.int(),
  snippet: mailLine(),
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
});

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
    email.attachments > 0 ? `${email.attachments} attached` : "",
    searched.length > 1 ? `in ${email.account ? `${email.account}: ` : ""}${email.mailbox}` : "",
  ].filter((mark) => mark !== "");
  const head = `${position}. ${email.date.slice(0, 16)}${email.date.slice(19)} ${truncate(correspondent, 60)}: ${truncate(email.subject, 90) || "(no subject)"}`;
  const tail = [...marks, showSize(email.size)].join(", ");
  const snippet = truncate(email.snippet, 70);
  return `${head} [${tail}]\n   ${email.id}${snippet ? ` ${snippet}` : ""}`;
}

function truncate(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters
    ? text
    : `${text
        .slice(0, maxCharacters - 1)
        .toWellFormed()
        .trimEnd()}…`;
}

/** Mailboxes named in the text; an account may have hundreds. The structured content has all. */
const maxNamedMailboxes = 15;

/** `accounts`: the addresses that may precede a mailbox's path when several accounts were searched. */
export function showSearched(searched: readonly string[], accounts: readonly string[] = []): string {
  const left = searched.length - maxNamedMailboxes;
  const named = nameMailboxes(left > 1 ? searched.slice(0, maxNamedMailboxes) : searched, accounts);
  return `Searched: ${named}${left > 1 ? `, and ${left} other mailboxes` : ""}.`;
}

/** One line per reason. A mailbox that is also in `searched` was searched in part. */
export function showSkipped(
  { skipped, searched }: Pick<ListedPage, "skipped" | "searched">,
  accounts: readonly string[] = [],
): string {
  const isPartial = ({ mailbox }: ListedPage["skipped"][number]) => searched.includes(mailbox);
  const toLines = (heading: string, some: ListedPage["skipped"]) =>
    [...Map.groupBy(some, ({ reason }) => reason)].map(([reason, group]) => {
      const paths = group.map(({ mailbox }) => mailbox);
      return `${heading}: ${nameMailboxes(paths, accounts)} (${reason}).`;
    });
  return [
    ...toLines("Searched in part", skipped.filter(isPartial)),
    ...toLines(
      "Not searched",
      skipped.filter((one) => !isPartial(one)),
    ),
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

/** The instruction to continue a list; empty on its last page. */
export function showCursor(cursor: string | undefined): string {
  return cursor ? `More: call again with the same arguments and cursor "${cursor}".` : "";
}

/** Copies a page to the arrays that the output schema asks for. */
export function toEmailPage(
  accounts: readonly string[],
  found: Omit<EmailPage, "emails"> & { emails: readonly EmailRow[] },
): ListedPage {
  return { accounts: [...accounts], ...found, emails: [...found.emails] };
}
