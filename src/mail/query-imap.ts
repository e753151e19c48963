/** A query as IMAP SEARCH keys (RFC 3501 section 6.4.4), as far as a server can answer it. */
import type { SearchObject } from "imapflow";
import type { Query, Term } from "./query.ts";

/** Matches everything: `{ all: true }` compiles to ALL. */
export const everything: SearchObject = { all: true };

/** Every term must be one a server can answer: no attachment, filename or in (see search-plan.ts). */
export function toSearchObject(query: Query): SearchObject {
  switch (query.kind) {
    case "all":
      return allOf(query.of.map(toSearchObject));
    case "any":
      return anyOf(query.of.map(toSearchObject));
    case "not":
      return { not: toSearchObject(query.of) };
    default:
      return ofTerm(query);
  }
}

/**
 * A SearchObject holds each key once, so two of a kind are joined as NOT NOT: (a AND b) with a repeated key becomes
 * a chain of nested objects, which the compiler writes one after the other.
 */
export function allOf(parts: readonly SearchObject[]): SearchObject {
  const [first, ...rest] = parts;
  if (!first) return everything;
  return rest.reduce<SearchObject>((joined, part) => join(joined, part), first);
}

function join(a: SearchObject, b: SearchObject): SearchObject {
  const clash = Object.keys(b).some((key) => key in a);
  if (!clash) return { ...a, ...b };
  // not(or(not a, not b)) says the same, with every key in an object of its own.
  return { not: { or: [{ not: a }, { not: b }] } };
}

function anyOf(parts: readonly SearchObject[]): SearchObject {
  const [only] = parts;
  return parts.length === 1 && only ? only : { or: [...parts] };
}

function ofTerm(term: Term): SearchObject {
  switch (term.kind) {
    case "words":
      return { text: term.text };
    case "field":
      return { [term.field]: term.text };
    case "header":
      return { header: { [term.header]: term.text } };
    case "flag":
      return { [term.flag]: term.set };
    case "received":
      return {
        ...(term.since ? { since: term.since } : {}),
        ...(term.before ? { before: term.before } : {}),
      };
    case "size":
      return {
        ...(term.over === undefined ? {} : { larger: term.over }),
        ...(term.under === undefined ? {} : { smaller: term.under }),
      };
    default:
      throw new Error(`${term.kind} is not for the server`);
  }
}
