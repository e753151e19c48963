/** Splits a search into simpler ones, for servers that refuse OR or NOT. */
import { atom, type SearchToken } from "./raw-search.ts";

/** Keys that are followed by one argument (RFC 3501 section 6.4.4, and extensions that are used here). */
const keysWithArgument: ReadonlySet<string> = new Set(
  (
    "BCC BEFORE BODY CC FROM KEYWORD LARGER ON SENTBEFORE SENTON SENTSINCE SINCE SMALLER SUBJECT TEXT TO UID UNKEYWORD " +
    "THREADID X-GM-RAW X-GM-LABELS X-GM-THRID"
  ).split(" "),
);

/** One key with its arguments; `or` and `not` hold the keys that they are applied to. */
export type ParsedKey =
  | { kind: "plain"; tokens: readonly SearchToken[] }
  | { kind: "list"; of: readonly ParsedKey[] }
  | { kind: "or"; of: readonly [ParsedKey, ParsedKey] }
  | { kind: "not"; of: ParsedKey };

/**
 * Converts keys, all of which must match, to alternatives without OR: an email matches the keys exactly when it matches
 * all keys of one alternative. Undefined without OR, for more than `maxAlternatives`, or for keys not understood.
 */
export function splitAlternatives(
  keys: readonly SearchToken[],
  maxAlternatives: number,
): SearchToken[][] | undefined {
  const parsed = parseKeys(keys);
  if (!parsed?.some(containsOr)) return undefined;
  const alternatives = expandAll(parsed, maxAlternatives);
  return alternatives && alternatives.length <= maxAlternatives ? alternatives : undefined;
}

function containsOr(key: ParsedKey): boolean {
  if (key.kind === "plain") return false;
  if (key.kind === "not") return containsOr(key.of);
  return key.kind === "or" || key.of.some(containsOr);
}

/** Parses SEARCH keys; undefined for a key that is not understood. */
export function parseKeys(tokens: readonly SearchToken[]): ParsedKey[] | undefined {
  const keys: ParsedKey[] = [];
  for (let at = 0; at < tokens.length; ) {
    const found = parseKey(tokens, at);
    if (!found) return undefined;
    keys.push(found.key);
    at = found.next;
  }
  return keys;
}

/** The key that begins at `at`, and where the next one begins. */
function parseKey(tokens: readonly SearchToken[], at: number): { key: ParsedKey; next: number } | undefined {
  const token = tokens[at];
  if (token === undefined) return undefined;
  if (!("type" in token)) {
    const of = parseKeys(token);
    return of && { key: { kind: "list", of }, next: at + 1 };
  }
  const name = token.type === "ATOM" ? token.value.toUpperCase() : "";
  if (name === "OR") {
    const first = parseKey(tokens, at + 1);
    const second = first && parseKey(tokens, first.next);
    return second && { key: { kind: "or", of: [first.key, second.key] }, next: second.next };
  }
  if (name === "NOT") {
    const found = parseKey(tokens, at + 1);
    return found && { key: { kind: "not", of: found.key }, next: found.next };
  }
  const length = name === "HEADER" ? 3 : keysWithArgument.has(name) ? 2 : 1;
  if (at + length > tokens.length) return undefined;
  return { key: { kind: "plain", tokens: tokens.slice(at, at + length) }, next: at + length };
}

/** The alternatives of keys that must all match: every combination of theirs. */
function expandAll(keys: readonly ParsedKey[], max: number): SearchToken[][] | undefined {
  let combined: SearchToken[][] = [[]];
  for (const key of keys) {
    const alternatives = expand(key, max);
    if (!alternatives || combined.length * alternatives.length > max) return undefined;
    combined = combined.flatMap((tokens) => alternatives.map((more) => [...tokens, ...more]));
  }
  return combined;
}

function expand(key: ParsedKey, max: number): SearchToken[][] | undefined {
  switch (key.kind) {
    case "plain":
      return [[...key.tokens]];
    case "list":
      return expandAll(key.of, max);
    case "or": {
      const [first, second] = key.of.map((one) => expand(one, max));
      return first && second ? [...first, ...second] : undefined;
    }
    case "not": {
      // Matches none of the alternatives: not the first, and not the second, and so on.
      const excluded = expand(key.of, max);
      return excluded && [excluded.flatMap((tokens) => [atom("NOT"), [...tokens]])];
    }
  }
}
