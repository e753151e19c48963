/** What a reply or a forward takes from the email it builds on: recipients, subject, thread, quote. No I/O. */

import type { Address } from "../email/address.ts";
import { isForward, isReply } from "../email/subject.ts";
import type { Original } from "./composed-email.ts";
import { escapeHtml, quoteLook } from "./markdown.ts";
import { quoteLines } from "./plain.ts";
import type { Body } from "./quotable.ts";
import { toBareAddress, toDisplayName } from "./recipients.ts";

/** What follows the new text, in both forms. */
export type Quote = { text: string; html: string };

export function toReplySubject(subject: string): string {
  return isReply(subject) ? subject : `Re: ${subject}`.trimEnd();
}

export function toForwardSubject(subject: string): string {
  return isForward(subject) ? subject : `Fwd: ${subject}`.trimEnd();
}

/** RFC 5322 section 3.6.4: what it referred to, then itself. The first and the last hundred are kept. */
export function toReferences({ references, messageId }: Original): string[] {
  const all = [...new Set([...references, ...(messageId ? [messageId] : [])])];
  return all.length <= 100 ? all : [...all.slice(0, 1), ...all.slice(-99)];
}

/**
 * Who gets a reply: Reply-To, else From; with `all` everybody else it went to. Own addresses are left out, with or
 * without +tag; a reply to one's own email goes to whom that went to.
 */
export function toReplyRecipients(
  original: Original,
  own: readonly string[],
  all: boolean,
): { to: Address[]; cc: Address[] } {
  const ownKeys = new Set(own.map(withoutTag));
  const others = (people: readonly Address[]) =>
    people.flatMap(toPerson).filter((p) => !ownKeys.has(withoutTag(p.address)));
  const senders = others(original.replyTo.length > 0 ? original.replyTo : original.from);
  if (senders.length === 0) {
    const to = others(original.to);
    if (to.length === 0) return { to: original.from.flatMap(toPerson), cc: all ? others(original.cc) : [] };
    return { to, cc: all ? others(original.cc) : [] };
  }
  return all
    ? { to: [...senders, ...others(original.to)], cc: others(original.cc) }
    : { to: senders, cc: [] };
}

/** Somebody of a received header, if it is an address we would write to. */
function toPerson({ name, address }: Address): Address[] {
  const bare = toBareAddress(address);
  const display = toDisplayName(name);
  if (!bare) return [];
  return [display ? { name: display, address: bare } : { address: bare }];
}

const withoutTag = (address: string) =>
  address
    .trim()
    .toLowerCase()
    .replace(/\+[^@]*@/, "@");

/** `> ` before each line, under a line that says who wrote it and when. `body` is the original's text. */
export function toReplyQuote(original: Original, body: Body): Quote {
  const when = original.date ? `On ${toReadableDate(original.date)}, ` : "";
  const intro = `${when}${toWho(original.from[0])} wrote:`;
  return {
    text: [intro, ...quoteLines(body.text.split("\n"))].join("\n"),
    html: `<p>${escapeHtml(intro)}</p>\n<blockquote type="cite" style="${quoteLook}">\n${body.html}\n</blockquote>`,
  };
}

/** The header block that mail programs put over an email that is passed on. */
export function toForwardQuote(original: Original, body: Body): Quote {
  const people = (list: readonly Address[]) => list.map(toWho).join(", ");
  const lines = [
    "---------- Forwarded message ----------",
    `From: ${people(original.from)}`,
    ...(original.date ? [`Date: ${toReadableDate(original.date)}`] : []),
    `Subject: ${original.subject}`,
    `To: ${people(original.to)}`,
    ...(original.cc.length > 0 ? [`Cc: ${people(original.cc)}`] : []),
  ];
  return {
    text: [...lines, "", body.text].join("\n"),
    html: `<p>${lines.map(escapeHtml).join("<br>\n")}</p>\n${body.html}`,
  };
}

function toWho(person: Address | undefined): string {
  if (!person) return "someone";
  const name = toDisplayName(person.name);
  return name ? `${name} <${person.address}>` : person.address;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 2026-11-20T14:03:00+01:00 -> 20 Nov 2026 at 14:03 +01:00, in the writer's own time. */
function toReadableDate(iso: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2})(?::\d{2})?(?:\.\d+)?(Z|[+-]\d{2}:\d{2})$/.exec(iso);
  if (!match) return iso;
  const [, year, month, day, time, zone] = match;
  return `${Number(day)} ${months[Number(month) - 1]} ${year} at ${time} ${zone === "Z" ? "+00:00" : zone}`;
}
