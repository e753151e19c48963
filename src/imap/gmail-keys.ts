/**
 * A query in Gmail's own words, for X-GM-RAW, which takes what its search field takes; and what it has no words for
 * beside it as ordinary keys. https://support.google.com/mail/answer/7190,
 * https://developers.google.com/workspace/gmail/imap/imap-extensions
 */
import type { Query, Term } from "../query/query.ts";
import { atom, type SearchToken, string } from "./raw-search.ts";
import { toKeys } from "./search-keys.ts";

/**
 * SEARCH keys for Gmail. As much as possible is one X-GM-RAW. Where is looked is what is selected; `in:anywhere` lest
 * Gmail leaves out trash and spam by itself, as its search field does.
 */
export function toGmailKeys(query: Query): SearchToken[] {
  const words = toGmailQuery(query);
  if (words !== undefined) return [atom("X-GM-RAW"), string(`in:anywhere ${words}`)];
  if (query.kind !== "all") return toKeys(query, toGmailKeys);
  const spoken = query.of.filter((part) => toGmailQuery(part) !== undefined);
  const others = query.of.filter((part) => toGmailQuery(part) === undefined);
  return [
    ...(spoken.length > 0 ? toGmailKeys({ kind: "all", of: spoken }) : []),
    ...others.flatMap(toGmailKeys),
  ];
}

/** The query in Gmail's words; undefined when a part of it has none. */
export function toGmailQuery(query: Query): string | undefined {
  return query.kind === "all" ? joined(query.of) : toOperand(query);
}

/** As one term among others. */
function toOperand(query: Query): string | undefined {
  switch (query.kind) {
    case "all":
      return enclosed("(", joined(query.of), ")");
    case "any":
      return enclosed("{", joined(query.of), "}");
    case "not": {
      const inner = toOperand(query.of);
      return inner?.startsWith("-") ? `-(${inner})` : inner && `-${inner}`;
    }
    default:
      return ofTerm(query);
  }
}

function joined(parts: readonly Query[]): string | undefined {
  const texts = parts.map(toOperand);
  return texts.every((text) => text !== undefined) ? texts.join(" ") : undefined;
}

const enclosed = (open: string, text: string | undefined, close: string) =>
  text === undefined ? undefined : `${open}${text}${close}`;

/**
 * A word as it was written: Gmail finds other forms of it, too, unless it is in quotation marks. What could mean
 * something else to Gmail goes into them.
 */
function spoken({ text, exact }: { text: string; exact?: true }): string {
  const plain = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}@._'-]*$/u.test(text) && !/^(OR|AND|NOT|AROUND)$/.test(text);
  return plain && !exact ? text : `"${text.replace(/"/g, " ")}"`;
}

/** Gmail takes a day for midnight in a zone of its own; seconds since 1970 are the same everywhere. */
const seconds = (date: Date) => Math.floor(date.getTime() / 1000);

/** Gmail has no word for what was answered, and its in:drafts is a place: their flags are asked for as such. */
const flags: Record<string, string> = {
  "seen true": "is:read",
  "seen false": "is:unread",
  "flagged true": "is:starred",
  "flagged false": "-is:starred",
};

function ofTerm(term: Term): string | undefined {
  switch (term.kind) {
    case "words":
      return spoken(term);
    case "field":
      // Gmail knows the other addresses of its person, too.
      return term.field === "body" ? undefined : `${term.field}:${term.me ? "me" : spoken(term)}`;
    case "header":
      if (term.header === "Message-ID") return messageId(term.text);
      return term.text === "" ? undefined : `list:${spoken(term)}`;
    case "flag":
      return flags[`${term.flag} ${term.set}`];
    case "received":
      // Whether `after:` takes in the second it names is written nowhere.
      return both(
        term.since && `after:${Math.max(0, seconds(term.since) - 1)}`,
        term.before && `before:${seconds(term.before)}`,
      );
    case "size":
      return both(
        term.over === undefined ? undefined : `larger:${term.over}`,
        term.under === undefined ? undefined : `smaller:${term.under}`,
      );
    case "attachment":
      return "has:attachment";
    case "filename":
      return `filename:${spoken(term)}`;
    case "gmail":
      return term.words;
    case "label":
    case "in":
      return undefined;
  }
}

function both(first: string | undefined, second: string | undefined): string | undefined {
  return first && second ? `(${first} ${second})` : (first ?? second);
}

/** Without its angle brackets. */
function messageId(text: string): string | undefined {
  const id = text.replace(/^<|>$/g, "").replace(/[\s"(){}]/g, "");
  return id === "" ? undefined : `rfc822msgid:${id}`;
}
