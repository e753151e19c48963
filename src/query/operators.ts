/** The operators of the query language. Each validates its value; a refusal says how to write it. */
import type { Clock } from "../clock.ts";
import type { Term, TextField } from "./query.ts";
import { unsupportedQuery } from "./query-error.ts";

type OperatorContext = { clock: Clock; self: string; quoted: boolean };
type Operator = (value: string, context: OperatorContext, name: string) => Term;

const dayMs = 86_400_000;

const textField =
  (name: TextField): Operator =>
  (value, { quoted, self }) => {
    const isAddress = name !== "subject" && name !== "body";
    const exact = quoted || undefined;
    if (!isAddress) return { kind: "field", field: name, text: value, exact };
    // `Ann Lee <ann@example.org>`, as lists show a person; the header may quote the name, so only the address is used.
    const [, address] = /<([^<>\s@]+@[^<>\s]+)>/.exec(value) ?? [];
    if (address) return { kind: "field", field: name, text: address };
    if (quoted) return { kind: "field", field: name, text: value, exact };
    return value.toLowerCase() === "me"
      ? { kind: "field", field: name, text: self, me: true }
      : { kind: "field", field: name, text: value };
  };

/** Converts a calendar day to its midnight UTC. IMAP compares whole days (RFC 3501 section 6.4.4). */
function toDay(value: string, operator: string): Date {
  const match = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(value);
  const [year, month, day] = (match ?? []).slice(1).map(Number);
  const date = new Date(Date.UTC(year ?? Number.NaN, (month ?? 0) - 1, day ?? 0));
  const real =
    date.getUTCFullYear() === year && date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
  if (!real || year === undefined || year < 1970 || year > 2199) {
    const span = operator.endsWith("before") || operator === "older" ? "older_than:7d" : "newer_than:7d";
    throw unsupportedQuery(
      `"${operator}:${value.slice(0, 40)}" is not a date.`,
      `Write a day between 1970 and 2199 as ${operator}:2024-05-31, or a span of time as ${span}.`,
    );
  }
  return date;
}

/** Converts an age (7d, 2w, 3m, 1y) to the midnight UTC that long ago. */
function toDaysAgo(value: string, operator: string, clock: Clock): Date {
  const match = /^(\d{1,4})([dwmy])$/i.exec(value);
  const count = Number(match?.[1] ?? 0);
  if (!match || count === 0)
    throw unsupportedQuery(
      `"${operator}:${value.slice(0, 40)}" is not a span of time.`,
      `Write days, weeks, months or years as ${operator}:7d, :2w, :3m, :1y.`,
    );
  const date = new Date(Math.floor(clock.now() / dayMs) * dayMs);
  const unit = (match[2] ?? "d").toLowerCase();
  if (unit === "d" || unit === "w") date.setUTCDate(date.getUTCDate() - count * (unit === "w" ? 7 : 1));
  else {
    const day = date.getUTCDate();
    date.setUTCDate(1);
    date.setUTCMonth(date.getUTCMonth() - count * (unit === "y" ? 12 : 1));
    const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
    date.setUTCDate(Math.min(day, last));
  }
  return date.getTime() < 0 ? new Date(0) : date;
}

function toOctets(value: string, operator: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)\s*([kmg]?)b?$/i.exec(value);
  const scale = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(match?.[2] ?? "").toLowerCase()];
  const octets = Math.round(Number(match?.[1]) * (scale ?? 0));
  // IMAP numbers have 32 bits (RFC 3501 section 9), and "not larger than n" is sent as "smaller than n + 1".
  if (!match || !(octets > 0) || octets >= 4_294_967_295)
    throw unsupportedQuery(
      `"${operator}:${value.slice(0, 40)}" is not a size.`,
      `Write ${operator}:500K or ${operator}:5M.`,
    );
  return octets;
}

const states: Record<string, Term> = {
  unread: { kind: "flag", flag: "seen", set: false },
  read: { kind: "flag", flag: "seen", set: true },
  starred: { kind: "flag", flag: "flagged", set: true },
  flagged: { kind: "flag", flag: "flagged", set: true },
  unstarred: { kind: "flag", flag: "flagged", set: false },
  unflagged: { kind: "flag", flag: "flagged", set: false },
  answered: { kind: "flag", flag: "answered", set: true },
  replied: { kind: "flag", flag: "answered", set: true },
  unanswered: { kind: "flag", flag: "answered", set: false },
  unreplied: { kind: "flag", flag: "answered", set: false },
  draft: { kind: "flag", flag: "draft", set: true },
};

/** True for the values of `is:`. */
export const isEmailState = (name: string): boolean => Object.hasOwn(states, name);

/** https://support.google.com/mail/answer/7190 */
const categories: readonly string[] = [
  "primary",
  "social",
  "promotions",
  "updates",
  "forums",
  "reservations",
  "purchases",
];

function toCategory(value: string): string {
  const category = value.toLowerCase();
  if (categories.includes(category)) return category;
  throw unsupportedQuery(
    `"category:${value.slice(0, 40)}" is not known.`,
    `Known are ${categories.map((name) => `category:${name}`).join(" ")}, at Gmail only.`,
  );
}

const operators: Record<string, Operator> = {
  from: textField("from"),
  to: textField("to"),
  cc: textField("cc"),
  bcc: textField("bcc"),
  subject: textField("subject"),
  body: textField("body"),
  after: (value, _, name) => ({ kind: "received", since: toDay(value, name) }),
  before: (value, _, name) => ({ kind: "received", before: toDay(value, name) }),
  newer: (value, _, name) => ({ kind: "received", since: toDay(value, name) }),
  older: (value, _, name) => ({ kind: "received", before: toDay(value, name) }),
  on: (value, _, name) => {
    const since = toDay(value, name);
    return { kind: "received", since, before: new Date(since.getTime() + dayMs) };
  },
  sent_after: (value, _, name) => ({ kind: "sent", since: toDay(value, name) }),
  sent_before: (value, _, name) => ({ kind: "sent", before: toDay(value, name) }),
  keyword: (value) => ({ kind: "keyword", keyword: value }),
  label: (value) => ({ kind: "label", label: value }),
  category: (value) => ({ kind: "gmail", words: `category:${toCategory(value)}` }),
  newer_than: (value, { clock }, name) => ({ kind: "received", since: toDaysAgo(value, name, clock) }),
  older_than: (value, { clock }, name) => ({ kind: "received", before: toDaysAgo(value, name, clock) }),
  is: (value) => {
    const state = Object.hasOwn(states, value.toLowerCase()) ? states[value.toLowerCase()] : undefined;
    if (state) return state;
    throw unsupportedQuery(
      `"is:${value.slice(0, 40)}" is not known.`,
      "For a mailbox write in:sent. Known are is:unread is:read is:starred is:answered is:draft and, with a minus before them, their opposites.",
    );
  },
  has: (value) => {
    if (/^attachments?$/i.test(value)) return { kind: "attachment" };
    throw unsupportedQuery(
      `"has:${value.slice(0, 40)}" is not known.`,
      "Known is has:attachment; for a kind of file, filename:pdf.",
    );
  },
  filename: (value) => ({ kind: "filename", text: value }),
  larger: (value, _, name) => ({ kind: "size", over: toOctets(value, name) }),
  smaller: (value, _, name) => ({ kind: "size", under: toOctets(value, name) }),
  in: (value) => ({ kind: "in", mailbox: value }),
  list: (value) => ({ kind: "header", header: "List-Id", text: value }),
  rfc822msgid: (value) => ({ kind: "header", header: "Message-ID", text: value }),
};

/** Listed in refusals. */
export const operatorNames: readonly string[] = Object.keys(operators);

/** Converts a word or an operator's value to a term. `name` undefined: a word anywhere in the email. */
export function toTerm(name: string | undefined, value: string, context: OperatorContext): Term {
  if (value === "") throw unsupportedQuery(`"${name ?? ""}:" has no value.`);
  if (name === undefined && !context.quoted) {
    // Gmail's operator for the exact word.
    const [isExact, word] = /^\+(?=\p{L})/u.test(value) ? [true, value.slice(1)] : [false, value];
    return { kind: "words", text: bareValue(name, word), exact: isExact || undefined };
  }
  if (name === undefined) return { kind: "words", text: value, exact: true };
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!operator) throw unsupportedQuery(`The query language has no operator "${name.slice(0, 40)}:".`);
  // RFC 3501 section 6.4.4: an empty string matches every List-Id, so this finds the email of every mailing list.
  if (name === "list" && value === "*") return operator("", context, name);
  return operator(context.quoted ? value : bareValue(name, value), context, name);
}

/** Operators that take one value: a comma in it separates several. */
const singleValued = ["from", "to", "cc", "bcc", "filename"];

/**
 * Strips trailing punctuation and stars from an unquoted value.
 *
 * @throws AppError unsupported_query for the syntax of other languages: several values, or wildcards inside one.
 */
function bareValue(name: string | undefined, value: string): string {
  const isText = name === undefined || name === "subject" || name === "body";
  const bare = withoutStars(value.charAt(0) + withoutEnding(value.slice(1), isText ? ",;.!?" : ",;"));
  const before = name === undefined ? "" : `${name}:`;
  const quoting = `in quotation marks it is looked for as it is: ${before}"…".`;
  if (bare.includes("|") || (singleValued.includes(name ?? "") && /[,;]/.test(bare)))
    throw unsupportedQuery(
      `"${before}${bare.slice(0, 40)}" names several.`,
      `Write ${before}(one OR other); ${quoting}`,
    );
  if (bare.includes("*"))
    throw unsupportedQuery(
      `"${before}${bare.slice(0, 40)}" has a star inside.`,
      `Write the parts apart, ${before}one ${before}other; ${quoting}`,
    );
  return bare;
}

/** Removes the given characters at the end; a regular expression takes quadratic time. */
function withoutEnding(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Searching finds parts of words anyway, so a star before or after a word has no effect. */
function withoutStars(value: string): string {
  const bare = withoutEnding(value.replace(/^\*+/, ""), "*");
  if (bare === "") throw unsupportedQuery("A star alone finds nothing.", "Leave it out.");
  return bare;
}
