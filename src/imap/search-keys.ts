/** A query as IMAP SEARCH keys (RFC 3501 section 6.4.4), as far as a server can answer it. */
import type { Query, Term } from "../query/query.ts";
import { atom, type SearchToken, string } from "./raw-search.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `1-Feb-2024`: the day of a midnight UTC. */
export function toSearchDate(date: Date): string {
  return `${date.getUTCDate()}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()}`;
}

/** Every term must be one a server can answer: no attachment, filename, in or Gmail's. */
export function toSearchKeys(query: Query): SearchToken[] {
  return toKeys(query, toSearchKeys);
}

/** `parts` does the parts of a query. */
export function toKeys(query: Query, parts: (part: Query) => SearchToken[]): SearchToken[] {
  switch (query.kind) {
    case "all":
      return query.of.flatMap(parts);
    case "any":
      return query.of.map(parts).reduceRight((rest, keys) => [atom("OR"), oneKey(keys), oneKey(rest)]);
    case "not": {
      const same = withoutNot(query.of);
      return same ? parts(same) : [atom("NOT"), oneKey(parts(query.of))];
    }
    default:
      return ofTerm(query);
  }
}

/**
 * The opposite of a query where dates or sizes can be in it, put without a NOT before these: of several NOT SINCE,
 * NOT BEFORE, NOT LARGER or NOT SMALLER Dovecot 2.3 goes by the wrong one.
 */
function withoutNot(query: Query): Query | undefined {
  const not = (of: Query): Query => ({ kind: "not", of });
  switch (query.kind) {
    case "all":
      return { kind: "any", of: query.of.map(not) };
    case "any":
      return { kind: "all", of: query.of.map(not) };
    case "not":
      return query.of;
    case "received": {
      const { since, before } = query;
      const outside: Query[] = [
        ...(since ? [{ kind: "received" as const, before: since }] : []),
        ...(before ? [{ kind: "received" as const, since: before }] : []),
      ];
      return { kind: "any", of: outside };
    }
    case "size":
      return query.over === undefined
        ? { kind: "size", over: (query.under ?? 1) - 1 }
        : { kind: "size", under: query.over + 1 };
    default:
      return undefined;
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
    case "header": {
      const { header, text } = term;
      if (header !== "List-Id" || !text.includes("@")) return [atom("HEADER"), atom(header), string(text)];
      // By its address, as Gmail takes it, too: list@host is most often named list.host (RFC 2919 section 3).
      const named = [atom("HEADER"), atom(header), string(text.replace("@", "."))];
      return [atom("OR"), named, [atom("HEADER"), atom("List-Post"), string(text)]];
    }
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
    case "label":
      return [atom("X-GM-LABELS"), string(term.label)];
    default:
      throw new Error(`${term.kind} is not for the server`);
  }
}
