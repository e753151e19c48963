/** Converts a query to IMAP SEARCH keys (RFC 3501 section 6.4.4). */
import type { Query, Term } from "../query/query.ts";
import { unsupportedQuery } from "../query/query-error.ts";
import { atom, type SearchToken, searchString } from "./raw-search.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Formats the UTC day of a date: `1-Feb-2024`. */
export function toSearchDate(date: Date): string {
  return `${date.getUTCDate()}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()}`;
}

/**
 * Converts a query to SEARCH keys. Throws an Error for a term that no server answers by a key: attachment, filename, in
 * and Gmail's own.
 */
export function toSearchKeys(query: Query): SearchToken[] {
  return combineKeys(query, toSearchKeys);
}

/** Combines the keys of a query's parts, which `toPartKeys` converts. */
export function combineKeys(query: Query, toPartKeys: (part: Query) => SearchToken[]): SearchToken[] {
  switch (query.kind) {
    case "all":
      return query.of.flatMap(toPartKeys);
    case "any":
      return query.of.map(toPartKeys).reduceRight((rest, keys) => [atom("OR"), oneKey(keys), oneKey(rest)]);
    case "not": {
      const equivalent = withoutNot(query.of);
      return equivalent ? toPartKeys(equivalent) : [atom("NOT"), oneKey(toPartKeys(query.of))];
    }
    default:
      return toTermKeys(query);
  }
}

/**
 * Negates a query that may contain dates or sizes without writing NOT before these: of several NOT SINCE, NOT BEFORE,
 * NOT LARGER or NOT SMALLER, Dovecot 2.3 applies the wrong one.
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
    case "received":
    case "sent": {
      const { kind, since, before } = query;
      const outside: Query[] = [
        ...(since ? [{ kind, before: since }] : []),
        ...(before ? [{ kind, since: before }] : []),
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

/** The refusal of Gmail's own words elsewhere. */
export const onlyAtGmail = (words: string) =>
  unsupportedQuery(
    `Only Gmail has ${words.slice(0, 40)}.`,
    "Leave it out for this account; list:* finds the email of mailing lists and newsletters.",
  );

/** Groups keys in brackets, since OR and NOT take one key each. */
const oneKey = (keys: readonly SearchToken[]): SearchToken => [...keys];

/** Returns a keyword that can be sent as an atom (RFC 3501 section 9). Throws unsupported_query. */
function requireKeyword(keyword: string): string {
  if (/^[!#$&'+,./0-9:;<=>?@A-Z[^_`a-z|~-]+$/.test(keyword)) return keyword;
  throw unsupportedQuery(
    `"${keyword.slice(0, 40)}" is not a keyword.`,
    "A keyword has letters A to Z, digits and signs, without spaces; flag_email answers how it is called.",
  );
}

function toTermKeys(term: Term): SearchToken[] {
  switch (term.kind) {
    case "words":
      return [atom("TEXT"), searchString(term.text)];
    case "field":
      return [atom(term.field.toUpperCase()), searchString(term.text)];
    case "header": {
      const { header, text } = term;
      if (header !== "List-Id" || !text.includes("@"))
        return [atom("HEADER"), atom(header), searchString(text)];
      // A list's address finds it as in Gmail: the id of list@host is most often list.host (RFC 2919 section 3).
      const byId = [atom("HEADER"), atom(header), searchString(text.replace("@", "."))];
      return [atom("OR"), byId, [atom("HEADER"), atom("List-Post"), searchString(text)]];
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
    case "sent":
      return [
        ...(term.since ? [atom("SENTSINCE"), atom(toSearchDate(term.since))] : []),
        ...(term.before ? [atom("SENTBEFORE"), atom(toSearchDate(term.before))] : []),
      ];
    case "keyword":
      return [atom("KEYWORD"), atom(requireKeyword(term.keyword))];
    case "label":
      return [atom("KEYWORD"), atom(requireKeyword(term.label))];
    case "gmail":
      throw onlyAtGmail(term.words);
    default:
      throw new Error(`${term.kind} is not a search key`);
  }
}
