/** A query as IMAP SEARCH keys (RFC 3501 section 6.4.4) or as Gmail's own (X-GM-RAW), as far as a server can answer it. */
import type { Query, Term } from "./query.ts";
import { atom, type SearchToken, string } from "./raw-search.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `1-Feb-2024`: the day of a midnight UTC. */
export function toSearchDate(date: Date): string {
  return `${date.getUTCDate()}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()}`;
}

/** Every term must be one a server can answer: no attachment, filename or in. */
export function toSearchKeys(query: Query): SearchToken[] {
  switch (query.kind) {
    case "all":
      return query.of.flatMap(toSearchKeys);
    case "any":
      return query.of.map(toSearchKeys).reduceRight((rest, keys) => [atom("OR"), oneKey(keys), oneKey(rest)]);
    case "not":
      return [atom("NOT"), oneKey(toSearchKeys(query.of))];
    default:
      return ofTerm(query);
  }
}

/** OR and NOT take one key: several stand in brackets. */
const oneKey = (keys: readonly SearchToken[]): SearchToken => [...keys];

function ofTerm(term: Term): SearchToken[] {
  switch (term.kind) {
    case "words":
      return [atom("TEXT"), string(term.text)];
    case "field":
      return [atom(term.field.toUpperCase()), string(term.text)];
    case "header":
      return [atom("HEADER"), atom(term.header), string(term.text)];
    case "flag":
      return [atom(`${term.set ? "" : "UN"}${term.flag.toUpperCase()}`)];
    case "received":
      return [
        ...(term.since ? [atom("SINCE"), atom(toSearchDate(term.since))] : []),
        ...(term.before ? [atom("BEFORE"), atom(toSearchDate(term.before))] : []),
      ];
    case "size":
      return [
        ...(term.over === undefined ? [] : [atom("LARGER"), atom(String(term.over))]),
        ...(term.under === undefined ? [] : [atom("SMALLER"), atom(String(term.under))]),
      ];
    default:
      throw new Error(`${term.kind} is not for the server`);
  }
}

/** The query in Gmail's words; undefined when a part of it has none. */
export function toGmailQuery(query: Query): string | undefined {
  switch (query.kind) {
    case "all":
      return joined(query.of, " ", "(", ")");
    case "any":
      return joined(query.of, " ", "{", "}");
    case "not": {
      const inner = toGmailQuery(query.of);
      return inner === undefined ? undefined : `-${query.of.kind === "not" ? `(${inner})` : inner}`;
    }
    default:
      return gmailTerm(query);
  }
}

function joined(parts: readonly Query[], by: string, open: string, close: string): string | undefined {
  const texts = parts.map(toGmailQuery);
  return texts.every((text) => text !== undefined) ? `${open}${texts.join(by)}${close}` : undefined;
}

const quoted = (text: string) => `"${text.replace(/"/g, " ")}"`;
const gmailDay = (date: Date) =>
  `${date.getUTCFullYear()}/${String(date.getUTCMonth() + 1).padStart(2, "0")}/${String(date.getUTCDate()).padStart(2, "0")}`;
const gmailFlags: Record<string, string> = {
  "seen true": "is:read",
  "seen false": "is:unread",
  "flagged true": "is:starred",
  "flagged false": "-is:starred",
  "draft true": "in:drafts",
  "draft false": "-in:drafts",
};

function gmailTerm(term: Term): string | undefined {
  switch (term.kind) {
    case "words":
      return quoted(term.text);
    case "field":
      return term.field === "body" ? undefined : `${term.field}:${quoted(term.text)}`;
    case "header":
      return `${term.header === "List-Id" ? "list" : "rfc822msgid"}:${quoted(term.text)}`;
    case "flag":
      return gmailFlags[`${term.flag} ${term.set}`];
    case "received":
      return [
        term.since ? `after:${gmailDay(term.since)}` : "",
        term.before ? `before:${gmailDay(term.before)}` : "",
      ]
        .filter((part) => part !== "")
        .join(" ");
    case "size":
      return [
        term.over === undefined ? "" : `larger:${term.over}`,
        term.under === undefined ? "" : `smaller:${term.under}`,
      ]
        .filter((part) => part !== "")
        .join(" ");
    case "attachment":
      return "has:attachment";
    case "filename":
      return `filename:${quoted(term.text)}`;
    case "in":
      return undefined;
  }
}
