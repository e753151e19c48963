/**
 * Converts a query to SEARCH keys for Gmail: to Gmail's own operators in X-GM-RAW, which takes what its search field
 * takes, and to ordinary keys for what it has no operator for. https://support.google.com/mail/answer/7190,
 * https://developers.google.com/workspace/gmail/imap/imap-extensions
 */
import type { Query, Term } from "../query/query.ts";
import { atom, type SearchToken, searchString } from "./raw-search.ts";
import { combineKeys } from "./search-keys.ts";

/**
 * Converts a query to SEARCH keys for Gmail, as much of it as possible to one X-GM-RAW. The selected mailbox decides
 * where to search; without `in:anywhere` Gmail would leave out trash and spam, as its search field does.
 */
export function toGmailKeys(query: Query): SearchToken[] {
  if (query.kind === "label") return toLabelKeys(query.label);
  const text = toGmailQuery(query);
  if (text !== undefined) return [atom("X-GM-RAW"), searchString(`in:anywhere ${text}`)];
  if (query.kind !== "all") return combineKeys(query, toGmailKeys);
  const expressible = query.of.filter((part) => toGmailQuery(part) !== undefined);
  const others = query.of.filter((part) => toGmailQuery(part) === undefined);
  return [
    ...(expressible.length > 0 ? toGmailKeys({ kind: "all", of: expressible }) : []),
    ...others.flatMap(toGmailKeys),
  ];
}

/** Gmail's own labels are marked by a backslash. https://developers.google.com/workspace/gmail/imap/imap-extensions */
const ownLabels: Readonly<Record<string, string>> = {
  inbox: "\\Inbox",
  sent: "\\Sent",
  draft: "\\Draft",
  drafts: "\\Draft",
  starred: "\\Starred",
  important: "\\Important",
};

function toLabelKeys(label: string): SearchToken[] {
  const own = Object.hasOwn(ownLabels, label.toLowerCase()) ? ownLabels[label.toLowerCase()] : undefined;
  return [atom("X-GM-LABELS"), searchString(own ?? label)];
}

/** Converts a query to Gmail's search language; undefined when it has no operator for a part of the query. */
export function toGmailQuery(query: Query): string | undefined {
  return query.kind === "all" ? joinOperands(query.of) : toOperand(query);
}

/** Converts a query to one operand, which can stand beside others. */
function toOperand(query: Query): string | undefined {
  switch (query.kind) {
    case "all":
      return enclose("(", joinOperands(query.of), ")");
    case "any":
      return enclose("{", joinOperands(query.of), "}");
    case "not": {
      const inner = toOperand(query.of);
      return inner?.startsWith("-") ? `-(${inner})` : inner && `-${inner}`;
    }
    default:
      return toOperator(query);
  }
}

function joinOperands(parts: readonly Query[]): string | undefined {
  const texts = parts.map(toOperand);
  return texts.every((text) => text !== undefined) ? texts.join(" ") : undefined;
}

const enclose = (open: string, text: string | undefined, close: string) =>
  text === undefined ? undefined : `${open}${text}${close}`;

/**
 * Writes a search word. Outside quotation marks Gmail also finds other forms of it, and may read it as an operator: an
 * exact word, and anything that is not plainly a word, is quoted.
 */
function toWord({ text, exact }: { text: string; exact?: true }): string {
  const plain = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}@._'-]*$/u.test(text) && !/^(OR|AND|NOT|AROUND)$/.test(text);
  return plain && !exact ? text : `"${text.replace(/"/g, " ")}"`;
}

/** Converts to seconds since 1970: Gmail would read a date as midnight in a time zone of its own. */
const toSeconds = (date: Date) => Math.floor(date.getTime() / 1000);

/** Flags with a Gmail operator. It has none for answered, and its in:drafts is a mailbox: these stay ordinary keys. */
const flagOperators: Record<string, string> = {
  "seen true": "is:read",
  "seen false": "is:unread",
  "flagged true": "is:starred",
  "flagged false": "-is:starred",
};

function toOperator(term: Term): string | undefined {
  switch (term.kind) {
    case "words":
      return toWord(term);
    case "field":
      // Gmail knows the person's other addresses, too.
      return term.field === "body" ? undefined : `${term.field}:${term.me ? "me" : toWord(term)}`;
    case "header":
      if (term.header === "Message-ID") return toMessageIdOperator(term.text);
      return term.text === "" ? undefined : `list:${toWord(term)}`;
    case "flag":
      return flagOperators[`${term.flag} ${term.set}`];
    case "received":
      // It is not documented whether `after:` includes the second that it names.
      return joinBounds(
        term.since && `after:${Math.max(0, toSeconds(term.since) - 1)}`,
        term.before && `before:${toSeconds(term.before)}`,
      );
    case "size":
      return joinBounds(
        term.over === undefined ? undefined : `larger:${term.over}`,
        term.under === undefined ? undefined : `smaller:${term.under}`,
      );
    case "attachment":
      return "has:attachment";
    case "filename":
      return `filename:${toWord(term)}`;
    case "gmail":
      return term.words;
    case "sent":
    case "keyword":
    case "label":
    case "in":
      return undefined;
  }
}

function joinBounds(first: string | undefined, second: string | undefined): string | undefined {
  return first && second ? `(${first} ${second})` : (first ?? second);
}

/** Gmail takes a Message-ID without its angle brackets. */
function toMessageIdOperator(text: string): string | undefined {
  const id = text.replace(/^<|>$/g, "").replace(/[\s"(){}]/g, "");
  return id === "" ? undefined : `rfc822msgid:${id}`;
}
