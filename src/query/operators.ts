/** The operators of the query language: each checks its value and says what would be right. */
import type { Clock } from "../clock.ts";
import type { Term, TextField } from "./query.ts";
import { wrongQuery } from "./words.ts";

export type Flag = "seen" | "flagged" | "answered" | "draft";

type Given = { clock: Clock; self: string; quoted: boolean };
type Operator = (value: string, given: Given, name: string) => Term;

const dayMs = 86_400_000;

const exactly = ({ quoted }: Given): { exact?: true } => (quoted ? { exact: true } : {});

const field =
  (name: TextField): Operator =>
  (value, given) => {
    const isAddress = name !== "subject" && name !== "body";
    if (!isAddress) return { kind: "field", field: name, text: value, ...exactly(given) };
    // As lists show a person: Ann Lee <ann@example.org>; an email may have quotes around the name, or none.
    const [, address] = /<([^<>\s@]+@[^<>\s]+)>/.exec(value) ?? [];
    if (address) return { kind: "field", field: name, text: address };
    if (given.quoted) return { kind: "field", field: name, text: value, exact: true };
    return value.toLowerCase() === "me"
      ? { kind: "field", field: name, text: given.self, me: true }
      : { kind: "field", field: name, text: value };
  };

/** A calendar day as its midnight UTC. IMAP compares days (RFC 3501 section 6.4.4), so a day is all that is meant. */
function toDay(value: string, operator: string): Date {
  const match = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(value);
  const [year, month, day] = (match ?? []).slice(1).map(Number);
  const date = new Date(Date.UTC(year ?? Number.NaN, (month ?? 0) - 1, day ?? 0));
  const real =
    date.getUTCFullYear() === year && date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
  if (!real || year === undefined || year < 1970 || year > 2199) {
    const span = operator === "before" || operator === "older" ? "older_than:7d" : "newer_than:7d";
    throw wrongQuery(
      `"${operator}:${value.slice(0, 40)}" is not a date.`,
      `Write a day between 1970 and 2199 as ${operator}:2024-05-31, or a span of time as ${span}.`,
    );
  }
  return date;
}

/** 7d, 2w, 3m, 1y ago, as a midnight UTC. */
function toDaysAgo(value: string, operator: string, clock: Clock): Date {
  const match = /^(\d{1,4})([dwmy])$/i.exec(value);
  const count = Number(match?.[1] ?? 0);
  if (!match || count === 0)
    throw wrongQuery(
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
  // A number of IMAP is 32 bits (RFC 3501 section 9), and "not over this" is "under one more".
  if (!match || !(octets > 0) || octets >= 4_294_967_295)
    throw wrongQuery(
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

/** Whether `is:` knows it. */
export const isState = (name: string): boolean => Object.hasOwn(states, name);

const operators: Record<string, Operator> = {
  from: field("from"),
  to: field("to"),
  cc: field("cc"),
  bcc: field("bcc"),
  subject: field("subject"),
  body: field("body"),
  after: (value, _, name) => ({ kind: "received", since: toDay(value, name) }),
  before: (value, _, name) => ({ kind: "received", before: toDay(value, name) }),
  newer: (value, _, name) => ({ kind: "received", since: toDay(value, name) }),
  older: (value, _, name) => ({ kind: "received", before: toDay(value, name) }),
  on: (value, _, name) => {
    const since = toDay(value, name);
    return { kind: "received", since, before: new Date(since.getTime() + dayMs) };
  },
  newer_than: (value, { clock }, name) => ({ kind: "received", since: toDaysAgo(value, name, clock) }),
  older_than: (value, { clock }, name) => ({ kind: "received", before: toDaysAgo(value, name, clock) }),
  is: (value) => {
    const state = Object.hasOwn(states, value.toLowerCase()) ? states[value.toLowerCase()] : undefined;
    if (state) return state;
    throw wrongQuery(
      `"is:${value.slice(0, 40)}" is not known.`,
      "For a mailbox write in:sent. Known are is:unread is:read is:starred is:answered is:draft and, with a minus before them, their opposites.",
    );
  },
  has: (value) => {
    if (/^attachments?$/i.test(value)) return { kind: "attachment" };
    throw wrongQuery(
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

/** What the language is made of, for its errors. */
export const operatorNames: readonly string[] = Object.keys(operators);

/** A word or an operator's value as a term. `name` undefined: a word anywhere in the email. */
export function toTerm(name: string | undefined, value: string, given: Given): Term {
  if (value === "") throw wrongQuery(`"${name ?? ""}:" has no value.`);
  if (name === undefined && !given.quoted) {
    // Gmail's way to ask for the very word.
    const [plus, word] = /^\+(?=\p{L})/u.test(value) ? [true, value.slice(1)] : [false, value];
    return { kind: "words", text: bareValue(name, word), ...(plus ? { exact: true } : {}) };
  }
  if (name === undefined) return { kind: "words", text: value, exact: true };
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!operator) throw wrongQuery(`The query language has no operator "${name.slice(0, 40)}:".`);
  // RFC 3501 section 6.4.4: an empty string is in every such header, so this is what came from any mailing list.
  if (name === "list" && value === "*") return operator("", given, name);
  return operator(given.quoted ? value : bareValue(name, value), given, name);
}

/** Of these nobody means a name with a comma in it. */
const oneEach = ["from", "to", "cc", "bcc", "filename"];

/**
 * A value without quotation marks: without what only writing puts around it. Throws unsupported_query for what other
 * languages do with several values or with parts of one.
 */
function bareValue(name: string | undefined, value: string): string {
  const ending =
    name === undefined || name === "subject" || name === "body" ? /(?<=.)[,;.!?]+$/ : /(?<=.)[,;]+$/;
  const bare = withoutStars(value.replace(ending, ""));
  const before = name === undefined ? "" : `${name}:`;
  const quoting = `in quotation marks it is looked for as it is: ${before}"…".`;
  if (bare.includes("|") || (oneEach.includes(name ?? "") && /[,;]/.test(bare)))
    throw wrongQuery(
      `"${before}${bare.slice(0, 40)}" names several.`,
      `Write ${before}(one OR other); ${quoting}`,
    );
  if (bare.includes("*"))
    throw wrongQuery(
      `"${before}${bare.slice(0, 40)}" has a star inside.`,
      `Write the parts apart, ${before}one ${before}other; ${quoting}`,
    );
  return bare;
}

/** Searching finds parts of words anyway, so a star before or after one says nothing. */
function withoutStars(value: string): string {
  const bare = value.replace(/^\*+|\*+$/g, "");
  if (bare === "") throw wrongQuery("A star alone finds nothing.", "Leave it out.");
  return bare;
}
