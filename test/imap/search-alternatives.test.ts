/** Searches with OR as several searches without: they match the same emails. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { atom, type SearchToken, searchString } from "../../src/imap/raw-search.ts";
import { splitAlternatives } from "../../src/imap/search-alternatives.ts";

/** An email is the set of its words; `SUBJECT w` and `HEADER X w` match a word, SEEN is one more. */
type Email = ReadonlySet<string>;

type Tree =
  | { kind: "word"; word: string; tokens: readonly SearchToken[] }
  | { kind: "and" | "or"; of: readonly [Tree, Tree] }
  | { kind: "not"; of: Tree };

const leaf = fc
  .constantFrom("a", "b", "c", "SEEN")
  .chain((word) =>
    fc
      .constantFrom<readonly SearchToken[]>(
        [atom("SUBJECT"), searchString(word)],
        [atom("HEADER"), atom("X"), searchString(word)],
      )
      .map((tokens): Tree => ({ kind: "word", word, tokens: word === "SEEN" ? [atom("SEEN")] : tokens })),
  );

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.tuple(tie("tree"), tie("tree")).map((of): Tree => ({ kind: "and", of })),
    fc.tuple(tie("tree"), tie("tree")).map((of): Tree => ({ kind: "or", of })),
    tie("tree").map((of): Tree => ({ kind: "not", of })),
  ),
}));

/** Writes OR's keys in brackets or, as thread searches do, without. */
function toTokens(query: Tree): SearchToken[] {
  switch (query.kind) {
    case "word":
      return [...query.tokens];
    case "and":
      return query.of.flatMap(toTokens);
    case "or":
      return [
        atom("OR"),
        ...query.of.flatMap((one) => (one.kind === "and" ? [toTokens(one)] : toTokens(one))),
      ];
    case "not":
      return [atom("NOT"), toTokens(query.of)];
  }
}

function matches(query: Tree, email: Email): boolean {
  if (query.kind === "word") return email.has(query.word);
  if (query.kind === "not") return !matches(query.of, email);
  const results = query.of.map((one) => matches(one, email));
  return query.kind === "and" ? results.every(Boolean) : results.some(Boolean);
}

/** Evaluates keys without OR, all of which must match. */
function matchesAll(tokens: readonly SearchToken[], email: Email): boolean {
  const [first, ...rest] = tokens;
  if (first === undefined) return true;
  if (!("type" in first)) return matchesAll(first, email) && matchesAll(rest, email);
  const length = { SUBJECT: 1, HEADER: 2, NOT: 1 }[String(first.value)] ?? 0;
  const args = rest.slice(0, length);
  const last = args.at(-1);
  const word = last && "type" in last ? String(last.value) : String(first.value);
  const isMatch = first.value === "NOT" ? !matchesAll(args, email) : email.has(word);
  return isMatch && matchesAll(rest.slice(length), email);
}

const emails: readonly Email[] = Array.from(
  { length: 16 },
  (_, bits) => new Set(["a", "b", "c", "SEEN"].filter((_, at) => bits & (1 << at))),
);

test("The alternatives of a search match the emails that it matches, and hold no OR", () => {
  fc.assert(
    fc.property(tree, (query) => {
      const alternatives = splitAlternatives(toTokens(query), 1_000);
      if (!alternatives) return;
      expect(JSON.stringify(alternatives)).not.toContain('"OR"');
      for (const email of emails)
        expect(alternatives.some((keys) => matchesAll(keys, email))).toBe(matches(query, email));
    }),
    { numRuns: 500 },
  );
});

test("A search without OR, with too many alternatives, or of unknown keys is not split", () => {
  const word = (text: string): SearchToken[] => [atom("SUBJECT"), searchString(text)];
  const or = (at: number): SearchToken[] => [atom("OR"), ...word(`a${at}`), ...word(`b${at}`)];
  expect(splitAlternatives(word("a"), 40)).toBeUndefined();
  expect(splitAlternatives([...or(1), ...or(2), ...or(3)], 7)).toBeUndefined();
  expect(splitAlternatives([...or(1), ...or(2), ...or(3)], 8)).toHaveLength(8);
  expect(splitAlternatives([atom("OR"), ...word("a")], 40)).toBeUndefined();
});
