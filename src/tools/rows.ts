/** Rows of emails, as data and as text: the same in every list. */
import { z } from "zod";
import type { EmailRow } from "../mail/reading.ts";
import { mailAnswer, mailLine } from "./fence.ts";

export const person = z.object({ name: mailLine().optional(), address: mailLine() });

const row = z.object({
  id: z.string(),
  from: person,
  to: z.array(person),
  subject: mailLine(),
  date: z.string(),
  mailbox: mailLine(),
  /** Whose it is, where an answer holds several accounts' emails. */
  account: z.string().optional(),
  unread: z.boolean(),
  flagged: z.boolean(),
  answered: z.boolean(),
  attachments: z.int(),
  size: z.int(),
  snippet: mailLine(),
});

/** A page of a list: what was asked of which mailboxes, and what was left out and why. */
export const page = mailAnswer({
  /** The addresses of the accounts these are of. */
  accounts: z.array(z.string()),
  emails: z.array(row),
  total: z.int(),
  cursor: z.string().optional(),
  searched: z.array(mailLine()),
  skipped: z.array(z.object({ mailbox: mailLine(), reason: z.string() })),
});

export type Page = z.output<typeof page>;

export function showPerson({ name, address }: { name?: string | undefined; address: string }): string {
  if (!name) return address || "(no address)";
  return address ? `${name} <${address}>` : name;
}

export function showSize(octets: number): string {
  if (octets < 1024) return `${octets} B`;
  if (octets < 1024 * 1024) return `${Math.round(octets / 1024)} KB`;
  return `${(octets / 1024 / 1024).toFixed(1)} MB`;
}

/** One email in two short lines; its mailbox where a list spans several, and to whom it went where it is one's own. */
export function showRow(email: z.output<typeof row>, position: number, { accounts, searched }: Page): string {
  // What one's own other account sent came from there.
  const mine = email.account === undefined ? accounts : [email.account];
  const own = mine.some((address) => address.toLowerCase() === email.from.address.toLowerCase());
  const who = own ? `to ${email.to.map(showPerson).join(", ") || "nobody"}` : showPerson(email.from);
  const marks = [
    email.unread ? "unread" : "",
    email.flagged ? "flagged" : "",
    email.answered ? "answered" : "",
    email.attachments > 0 ? `${email.attachments} attached` : "",
    searched.length > 1 ? `in ${email.account ? `${email.account}: ` : ""}${email.mailbox}` : "",
  ].filter((mark) => mark !== "");
  const head = `${position}. ${email.date.slice(0, 16)}${email.date.slice(19)} ${shorten(who, 60)}: ${shorten(email.subject, 90) || "(no subject)"}`;
  const tail = [...marks, showSize(email.size)].join(", ");
  const words = shorten(email.snippet, 70);
  return `${head} [${tail}]\n   ${email.id}${words ? ` ${words}` : ""}`;
}

export function shorten(text: string, most: number): string {
  return text.length <= most
    ? text
    : `${text
        .slice(0, most - 1)
        .toWellFormed()
        .trimEnd()}…`;
}

/** Named in a text; an account may have hundreds, and they are all in the data. */
const namedMailboxes = 15;

/** `accounts`: whose address may stand before a mailbox's path, where several were asked. */
export function showSearched(searched: readonly string[], accounts: readonly string[] = []): string {
  const left = searched.length - namedMailboxes;
  const named = nameMailboxes(left > 1 ? searched.slice(0, namedMailboxes) : searched, accounts);
  return `Searched: ${named}${left > 1 ? `, and ${left} other mailboxes` : ""}.`;
}

/** One line for each reason; a mailbox that is among those searched, too, was searched in part. */
export function showSkipped(
  { skipped, searched }: Pick<Page, "skipped" | "searched">,
  accounts: readonly string[] = [],
): string {
  const isPart = ({ mailbox }: Page["skipped"][number]) => searched.includes(mailbox);
  const lines = (how: string, some: Page["skipped"]) =>
    [...Map.groupBy(some, ({ reason }) => reason)].map(([reason, alike]) => {
      const paths = alike.map(({ mailbox }) => mailbox);
      return `${how}: ${nameMailboxes(paths, accounts)} (${reason}).`;
    });
  return [
    ...lines("Searched in part", skipped.filter(isPart)),
    ...lines(
      "Not searched",
      skipped.filter((one) => !isPart(one)),
    ),
  ].join("\n");
}

/** `ann@example.org: INBOX, Sent; ben@example.org: INBOX`: each address once. */
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

/** Where the list goes on. */
export function showCursor(cursor: string | undefined): string {
  return cursor ? `More: call again with the same arguments and cursor "${cursor}".` : "";
}

/** What a list is made of for the output schema. */
export function toPage(
  accounts: readonly string[],
  found: {
    emails: readonly EmailRow[];
    total: number;
    cursor?: string;
    searched: string[];
    skipped: { mailbox: string; reason: string }[];
  },
): Page {
  return { accounts: [...accounts], ...found, emails: [...found.emails] };
}
