/** Recipients, subject, thread and quote of a reply or forward, computed from the original email. */

import type { Address } from "../email/address.ts";
import { isForwardSubject, isReplySubject } from "../email/subject.ts";
import type { OriginalEmail } from "./email-request.ts";
import { escapeHtml, quoteStyle } from "./markdown-html.ts";
import { quoteLines } from "./markdown-text.ts";
import type { QuotedBody } from "./quoted-body.ts";
import { toBareAddress, toDisplayName } from "./recipients.ts";

/** The text that follows the new one, in both forms. */
export type Quote = { text: string; html: string };

export function toReplySubject(subject: string): string {
  return isReplySubject(subject) ? subject : `Re: ${subject}`.trimEnd();
}

export function toForwardSubject(subject: string): string {
  return isForwardSubject(subject) ? subject : `Fwd: ${subject}`.trimEnd();
}

/** References of a reply (RFC 5322 section 3.6.4): the original's, then its Message-ID. At most 100, the first kept. */
export function toReferences({ references, messageId }: OriginalEmail): string[] {
  const all = [...new Set([...references, ...(messageId ? [messageId] : [])])];
  return all.length <= 100 ? all : [...all.slice(0, 1), ...all.slice(-99)];
}

/**
 * Recipients of a reply: Reply-To, else From; with `all` also every other recipient (RFC 5322 section 3.6.3). Own
 * addresses are left out, with or without +tag; a reply to one's own email goes to the recipients of that email.
 */
export function toReplyRecipients(
  original: OriginalEmail,
  own: readonly string[],
  all: boolean,
): { to: Address[]; cc: Address[] } {
  const ownKeys = new Set(own.map(withoutTag));
  const others = (people: readonly Address[]) =>
    people.flatMap(toRecipient).filter((p) => !ownKeys.has(withoutTag(p.address)));
  const senders = others(original.replyTo.length > 0 ? original.replyTo : original.from);
  if (senders.length === 0) {
    const to = others(original.to);
    if (to.length === 0)
      return { to: original.from.flatMap(toRecipient), cc: all ? others(original.cc) : [] };
    return { to, cc: all ? others(original.cc) : [] };
  }
  return all
    ? { to: [...senders, ...others(original.to)], cc: others(original.cc) }
    : { to: senders, cc: [] };
}

/** Converts an address of a received header; empty when it is not a valid recipient. */
function toRecipient({ name, address }: Address): Address[] {
  const bare = toBareAddress(address);
  const display = toDisplayName(name);
  if (!bare) return [];
  return [display ? { name: display, address: bare } : { address: bare }];
}

/** `ann+shop@example.org` -> `ann@example.org`. */
export function withoutTag(address: string): string {
  const key = address.trim().toLowerCase();
  const plus = key.indexOf("+");
  const at = key.indexOf("@", plus);
  return plus < 0 || at < 0 ? key : key.slice(0, plus) + key.slice(at);
}

/** Quotes the original's text with `> ` before each line, below a line with its author and date. */
export function toReplyQuote(original: OriginalEmail, body: QuotedBody): Quote {
  const when = original.date ? `On ${formatDate(original.date)}, ` : "";
  const intro = `${when}${formatPerson(original.from[0])} wrote:`;
  return {
    text: [intro, ...quoteLines(body.text.split("\n"))].join("\n"),
    html: `<p>${escapeHtml(intro)}</p>\n<blockquote type="cite" style="${quoteStyle}">\n${body.html}\n</blockquote>`,
  };
}

/** Puts the header block that mail programs write above a forwarded email before its body. */
export function toForwardQuote(original: OriginalEmail, body: QuotedBody): Quote {
  const people = (list: readonly Address[]) => list.map(formatPerson).join(", ");
  const lines = [
    "---------- Forwarded message ----------",
    `From: ${people(original.from)}`,
    ...(original.date ? [`Date: ${formatDate(original.date)}`] : []),
    `Subject: ${original.subject}`,
    `To: ${people(original.to)}`,
    ...(original.cc.length > 0 ? [`Cc: ${people(original.cc)}`] : []),
  ];
  return {
    text: [...lines, "", body.text].join("\n"),
    html: `<p>${lines.map(escapeHtml).join("<br>\n")}</p>\n${body.html}`,
  };
}

function formatPerson(person: Address | undefined): string {
  if (!person) return "someone";
  const name = toDisplayName(person.name);
  return name ? `${name} <${person.address}>` : person.address;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 2026-11-20T14:03:00+01:00 -> 20 Nov 2026 at 14:03 +01:00, in the author's own time zone. */
function formatDate(iso: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2})(?::\d{2})?(?:\.\d+)?(Z|[+-]\d{2}:\d{2})$/.exec(iso);
  if (!match) return iso;
  const [, year, month, day, time, zone] = match;
  return `${Number(day)} ${months[Number(month) - 1]} ${year} at ${time} ${zone === "Z" ? "+00:00" : zone}`;
}
