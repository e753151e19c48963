/** What holds for any query. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "../../src/errors.ts";
import { parseQuery, type Query } from "../../src/mail/search/query.ts";
import { toGmailQuery, toSearchKeys } from "../../src/mail/search/query-imap.ts";

const given = { clock: { now: () => Date.UTC(2024, 4, 6) }, self: "ann@example.test" };
const anyText = fc.string({ unit: "binary", maxLength: 400 });
const queryPiece = fc.constantFrom(
  ...[
    "from:",
    "subject:",
    "after:2024-05-01",
    "larger:5M",
    "is:unread",
    "has:attachment",
    "in:inbox",
    "OR",
    "AND",
    "NOT",
    "-",
    "(",
    ")",
    "{",
    "}",
    '"',
    "word",
    "Grüße",
    "\u0000",
    "\ud800",
    "{5}",
    "\r\n",
    "x:y",
    "*",
    " ",
  ],
);

test("any query is parsed or refused with words, never anything else, and quickly", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        anyText,
        fc.array(queryPiece, { maxLength: 120 }).map((pieces) => pieces.join(" ")),
      ),
      (query) => {
        const startedAt = performance.now();
        try {
          const parsed = parseQuery(query, given);
          expect(JSON.stringify(parsed).length).toBeLessThan(40_000);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe("unsupported_query");
          expect((error as AppError).message.isWellFormed()).toBe(true);
        }
        expect(performance.now() - startedAt).toBeLessThan(1_000);
      },
    ),
    { numRuns: 2_000 },
  );
});

const word = fc.stringMatching(/^[a-z]{1,8}$/).filter((text) => !["or", "and", "not"].includes(text));
const queryTree: fc.Arbitrary<Query> = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    word.map((text): Query => ({ kind: "words", text })),
    word.map((text): Query => ({ kind: "field", field: "subject", text })),
    fc.boolean().map((set): Query => ({ kind: "flag", flag: "seen", set })),
    fc.integer({ min: 1, max: 1_000_000 }).map((over): Query => ({ kind: "size", over })),
    tie("query").map((of): Query => ({ kind: "not", of })),
    fc.array(tie("query"), { minLength: 2, maxLength: 3 }).map((of): Query => ({ kind: "all", of })),
    fc.array(tie("query"), { minLength: 2, maxLength: 3 }).map((of): Query => ({ kind: "any", of })),
  ),
})).query;

function write(query: Query): string {
  switch (query.kind) {
    case "all":
      return `(${query.of.map(write).join(" ")})`;
    case "any":
      return `{${query.of.map(write).join(" ")}}`;
    case "not":
      return `-(${write(query.of)})`;
    case "words":
      return `"${query.text}"`;
    case "field":
      return `${query.field}:${query.text}`;
    case "flag":
      return query.set ? "is:read" : "is:unread";
    case "size":
      return `larger:${query.over}`;
    default:
      throw new Error(query.kind);
  }
}

test("a query that was written from a tree is parsed to that tree, and again from Gmail's words", () => {
  fc.assert(
    fc.property(queryTree, (query) => {
      const text = write(query);
      fc.pre(text.length < 1500);
      expect(parseQuery(text, given)).toEqual(query);
      expect(toSearchKeys(query).length).toBeGreaterThan(0);
      expect(parseQuery(toGmailQuery(query) ?? "", given)).toEqual(query);
    }),
    { numRuns: 500 },
  );
});
