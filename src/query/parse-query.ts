/**
 * Parses the query language of search_emails, which is Gmail's.
 *
 *   query  = { group }                        all groups must match
 *   group  = term { OR term }                 OR binds tighter than juxtaposition, as in Gmail
 *   term   = [-] ( "(" query ")" | "{" terms "}" | operator: value | word | "phrase" )
 *
 * A query is never widened: anything unknown is refused with the nearest known operator, and dates must be real days.
 */
import { closest, distance } from "fastest-levenshtein";
import type { Clock } from "../clock.ts";
import { operatorNames, toTerm } from "./operators.ts";
import type { Query } from "./query.ts";
import { unsupportedQuery } from "./query-error.ts";
import { signHint, type Token, tokenize } from "./tokens.ts";

const maxTerms = 60;
const maxDepth = 12;

/**
 * Parses a query. `self` is the address that "me" stands for in from:me.
 *
 * @throws AppError unsupported_query, also for an empty query, which would match every email.
 */
export function parseQuery(query: string, context: { clock: Clock; self: string }): Query {
  const tokens = tokenize(query);
  let next = 0;
  let terms = 0;

  const peek = (): Token | undefined => tokens[next];

  function sequence(closing: "(" | "{" | undefined, depth: number, field?: string): Query {
    if (depth > maxDepth) throw unsupportedQuery("The query is nested too deeply.");
    const parts: Query[] = [];
    for (;;) {
      const token = peek();
      if (token === undefined) {
        if (closing) throw unsupportedQuery(`A bracket "${closing}" is not closed.`);
        break;
      }
      if (token.kind === "close") {
        if (token.bracket !== closing) throw unsupportedQuery("A bracket is closed that was not opened.");
        next += 1;
        break;
      }
      if (token.kind === "and") {
        next += 1;
        continue;
      }
      parts.push(group(depth, field));
    }
    const [only] = parts;
    if (!only)
      throw unsupportedQuery(
        closing ? "A bracket is empty." : "The query is empty.",
        "Name what to look for.",
      );
    return parts.length === 1 ? only : { kind: closing === "{" ? "any" : "all", of: parts };
  }

  function group(depth: number, field?: string): Query {
    const parts = [term(depth, field)];
    while (peek()?.kind === "or") {
      next += 1;
      parts.push(term(depth, field));
    }
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind: "any", of: parts };
  }

  function term(depth: number, field?: string): Query {
    const token = peek();
    next += 1;
    terms += 1;
    if (terms > maxTerms) throw unsupportedQuery(`The query has more than ${maxTerms} terms.`);
    switch (token?.kind) {
      case undefined:
        throw unsupportedQuery("The query ends where a word should follow.");
      case "not":
        if (depth > maxDepth) throw unsupportedQuery("The query is nested too deeply.");
        return { kind: "not", of: term(depth + 1, field) };
      case "open":
        return sequence(token.bracket, depth + 1, field);
      case "operator":
        if (field)
          throw unsupportedQuery(
            `"${token.name}:" stands inside "${field}:(…)".`,
            "Write one after the other.",
          );
        return operatorValue(token.name, depth);
      case "text":
        refuseMisplaced(token, peek());
        return toTerm(field, token.text, { ...context, quoted: token.quoted });
      default:
        throw unsupportedQuery("OR stands where a word should be.", "Write OR between two terms.");
    }
  }

  /** Parses the value after `name:`: a word, a phrase, or several in brackets. */
  function operatorValue(name: string, depth: number): Query {
    requireOperator(name);
    const token = peek();
    if (token?.kind === "open") {
      next += 1;
      return sequence(token.bracket, depth + 1, name);
    }
    // In `larger:-5` and `subject:-x` the minus is part of the value.
    const minus = token?.kind === "not" ? "-" : "";
    if (minus) next += 1;
    const value = tokens[next];
    if (value?.kind === "operator")
      throw unsupportedQuery(
        `"${name}:" is followed by "${value.name}:", which reads as an operator.`,
        `Put a text with a colon in quotation marks: ${name}:"a: b".`,
      );
    if (value?.kind !== "text")
      throw unsupportedQuery(`"${name}:" has no value.`, `Write ${name}:something.`);
    next += 1;
    const unit = tokens[next];
    if (unit?.kind === "text" && /^(larger|smaller)$/.test(name) && /^[kmg]i?b?$/i.test(unit.text))
      throw unsupportedQuery(
        `"${name}:${value.text}" has its unit apart.`,
        `Write ${name}:500K or ${name}:5M.`,
      );
    return toTerm(name, minus + value.text, { ...context, quoted: value.quoted });
  }

  return sequence(undefined, 0);
}

/** Refuses `from:ann or from:ben` and `- from:ann`, where searching for the literal word cannot be meant. */
function refuseMisplaced(word: Token & { kind: "text" }, following: Token | undefined): void {
  if (word.quoted || !following || !["operator", "open", "not"].includes(following.kind)) return;
  if (/^[-!+]$/.test(word.text)) throw unsupportedQuery(`"${word.text}" stands alone.`, signHint);
  if (!/^(or|and|not)$/i.test(word.text)) return;
  throw unsupportedQuery(
    `"${word.text}" stands in small letters before an operator.`,
    `Write ${word.text.toUpperCase()}; to look for the word itself, put it in quotation marks.`,
  );
}

/** Operators of other query languages: suggested in the refusal, not accepted, since some differ in meaning. */
const suggestions = new Map(
  Object.entries({
    label: "in",
    folder: "in",
    mailbox: "in",
    sender: "from",
    author: "from",
    recipient: "to",
    title: "subject",
    text: "body",
    content: "body",
    date: "on",
    since: "after",
    until: "before",
    size: "larger",
    bigger: "larger",
    larger_than: "larger",
    smaller_than: "smaller",
    attachment: "has",
    attachments: "has",
    has_attachment: "has",
    file: "filename",
    filetype: "filename",
    type: "filename",
    ext: "filename",
    deliveredto: "to",
    flag: "is",
    status: "is",
    unread: "is",
    starred: "is",
    msgid: "rfc822msgid",
    "message-id": "rfc822msgid",
  }),
);

function requireOperator(name: string): void {
  if (operatorNames.includes(name)) return;
  const nearest = suggestions.get(name) ?? closest(name, [...operatorNames]);
  const isNear =
    suggestions.has(name) || distance(name, nearest) <= Math.max(1, Math.min(2, name.length / 2));
  throw unsupportedQuery(
    `The query language has no operator "${name.slice(0, 40)}:"${isNear ? `; the nearest is "${nearest}:"` : ""}.`,
    `To look for the text itself, put it in quotation marks. Operators: ${operatorNames.join(" ")}.`,
  );
}
