/**
 * The query language of search_emails, which is Gmail's: text in, tree out.
 *
 *   query  = { group }                        all of them must match
 *   group  = term { OR term }                 OR binds tighter than standing side by side, as in Gmail
 *   term   = [-] ( "(" query ")" | "{" terms "}" | operator: value | word | "phrase" )
 *
 * A query is never widened: what it does not know is refused with the nearest it does, and a date is a real day.
 */
import { closest, distance } from "fastest-levenshtein";
import type { Clock } from "../clock.ts";
import { type Flag, operatorNames, toTerm } from "./operators.ts";
import { signHint, toWords, type Word, wrongQuery } from "./words.ts";

export type Query =
  | { kind: "all"; of: Query[] }
  | { kind: "any"; of: Query[] }
  | { kind: "not"; of: Query }
  | Term;

export type TextField = "from" | "to" | "cc" | "bcc" | "subject" | "body";

export type Term =
  /** `exact`: it was in quotation marks, which Gmail takes for the very word; elsewhere all are looked for as written. */
  | { kind: "words"; text: string; exact?: true }
  /** `me`: it was written so, and `text` is the account's address. */
  | { kind: "field"; field: TextField; text: string; exact?: true; me?: true }
  /** A header contains this; "" when it need only be there. */
  | { kind: "header"; header: "List-Id" | "Message-ID"; text: string }
  | { kind: "flag"; flag: Flag; set: boolean }
  /** Received on or after `since`, before `before`: midnights UTC of calendar days. */
  | { kind: "received"; since?: Date; before?: Date }
  /** Octets: over or under. */
  | { kind: "size"; over?: number; under?: number }
  | { kind: "attachment" }
  | { kind: "filename"; text: string }
  /** A mailbox by path or role, or "anywhere"; answered before a server is asked (query-places.ts). */
  | { kind: "in"; mailbox: string }
  /** Not written by anybody: of Gmail only, what `in:` becomes in All Mail. */
  | { kind: "label"; label: string }
  | { kind: "gmail"; words: string };

const maxTerms = 60;
const maxDepth = 12;

/** `self` is what "me" means in from:me. Throws unsupported_query. An empty query is refused, too: it means all. */
export function parseQuery(query: string, given: { clock: Clock; self: string }): Query {
  const words = toWords(query);
  let next = 0;
  let terms = 0;

  const peek = (): Word | undefined => words[next];

  function sequence(closing: "(" | "{" | undefined, depth: number, field?: string): Query {
    if (depth > maxDepth) throw wrongQuery("The query is nested too deeply.");
    const parts: Query[] = [];
    for (;;) {
      const word = peek();
      if (word === undefined) {
        if (closing) throw wrongQuery(`A bracket "${closing}" is not closed.`);
        break;
      }
      if (word.kind === "close") {
        if (word.bracket !== closing) throw wrongQuery("A bracket is closed that was not opened.");
        next += 1;
        break;
      }
      if (word.kind === "and") {
        next += 1;
        continue;
      }
      parts.push(group(depth, field));
    }
    const [only] = parts;
    if (!only)
      throw wrongQuery(closing ? "A bracket is empty." : "The query is empty.", "Name what to look for.");
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
    const word = peek();
    next += 1;
    terms += 1;
    if (terms > maxTerms) throw wrongQuery(`The query has more than ${maxTerms} terms.`);
    switch (word?.kind) {
      case undefined:
        throw wrongQuery("The query ends where a word should follow.");
      case "not":
        if (depth > maxDepth) throw wrongQuery("The query is nested too deeply.");
        return { kind: "not", of: term(depth + 1, field) };
      case "open":
        return sequence(word.bracket, depth + 1, field);
      case "operator":
        if (field)
          throw wrongQuery(`"${word.name}:" stands inside "${field}:(…)".`, "Write one after the other.");
        return operatorValue(word.name, depth);
      case "text":
        refuseMisplaced(word, peek());
        return toTerm(field, word.text, { ...given, quoted: word.quoted });
      default:
        throw wrongQuery("OR stands where a word should be.", "Write OR between two terms.");
    }
  }

  /** What follows `name:` — a word, a phrase, or several in brackets. */
  function operatorValue(name: string, depth: number): Query {
    requireOperator(name);
    const word = peek();
    if (word?.kind === "open") {
      next += 1;
      return sequence(word.bracket, depth + 1, name);
    }
    // `larger:-5` or `subject:-x`: the minus is part of the value.
    const minus = word?.kind === "not" ? "-" : "";
    if (minus) next += 1;
    const value = words[next];
    if (value?.kind === "operator")
      throw wrongQuery(
        `"${name}:" is followed by "${value.name}:", which reads as an operator.`,
        `Put a text with a colon in quotation marks: ${name}:"a: b".`,
      );
    if (value?.kind !== "text") throw wrongQuery(`"${name}:" has no value.`, `Write ${name}:something.`);
    next += 1;
    const unit = words[next];
    if (unit?.kind === "text" && /^(larger|smaller)$/.test(name) && /^[kmg]i?b?$/i.test(unit.text))
      throw wrongQuery(`"${name}:${value.text}" has its unit apart.`, `Write ${name}:500K or ${name}:5M.`);
    return toTerm(name, minus + value.text, { ...given, quoted: value.quoted });
  }

  return sequence(undefined, 0);
}

/** `from:ann or from:ben`, `- from:ann`: a word to look for by its letters, which nobody means there. */
function refuseMisplaced(word: Word & { kind: "text" }, following: Word | undefined): void {
  if (word.quoted || !following || !["operator", "open", "not"].includes(following.kind)) return;
  if (/^[-!+]$/.test(word.text)) throw wrongQuery(`"${word.text}" stands alone.`, signHint);
  if (!/^(or|and|not)$/i.test(word.text)) return;
  throw wrongQuery(
    `"${word.text}" stands in small letters before an operator.`,
    `Write ${word.text.toUpperCase()}; to look for the word itself, put it in quotation marks.`,
  );
}

/** What other languages call them: named in the refusal, not accepted, since some mean a little less or more there. */
const meant = new Map(
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
  const nearest = meant.get(name) ?? closest(name, [...operatorNames]);
  const near = meant.has(name) || distance(name, nearest) <= Math.max(1, Math.min(2, name.length / 2));
  throw wrongQuery(
    `The query language has no operator "${name.slice(0, 40)}:"${near ? `; the nearest is "${nearest}:"` : ""}.`,
    `To look for the text itself, put it in quotation marks. Operators: ${operatorNames.join(" ")}.`,
  );
}
