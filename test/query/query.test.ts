/** Properties of the query language that hold for every query. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "../../src/errors.ts";
import { toGmailKeys, toGmailQuery } from "../../src/imap/gmail-keys.ts";
import type { SearchToken } from "../../src/imap/raw-search.ts";
import { toSearchKeys } from "../../src/imap/search-keys.ts";
import { reduceForMailbox } from "../../src/query/mailbox-conditions.ts";
import { operatorNames } from "../../src/query/operators.ts";
import { parseQuery } from "../../src/query/parse-query.ts";
import type { Query } from "../../src/query/query.ts";
import { cpuMsOf } from "../support/own-time.ts";

const context = { clock: { now: () => Date.UTC(2024, 4, 6) }, self: "ann@example.test" };
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

test("any query is parsed or refused with unsupported_query within a second of CPU time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        anyText,
        fc.array(queryPiece, { maxLength: 120 }).map((pieces) => pieces.join(" ")),
      ),
      async (query) => {
        const cpuMs = await cpuMsOf(() => {
          try {
            const parsed = parseQuery(query, context);
            expect(JSON.stringify(parsed).length).toBeLessThan(40_000);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
            expect((error as AppError).code).toBe("unsupported_query");
            expect((error as AppError).message.isWellFormed()).toBe(true);
          }
        });
        expect(cpuMs).toBeLessThan(1_000);
      },
    ),
    { numRuns: 2_000 },
  );
});

const word = fc.stringMatching(/^[a-z]{1,8}$/).filter((text) => !["or", "and", "not"].includes(text));
const exactly = fc.constantFrom<{ exact?: true }>({}, { exact: true });

/** Random trees over the context leaves. */
const treeOf = (...leaves: fc.Arbitrary<Query>[]): fc.Arbitrary<Query> =>
  fc.letrec<{ query: Query }>((tie) => ({
    query: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      ...leaves,
      tie("query").map((of): Query => ({ kind: "not", of })),
      fc.array(tie("query"), { minLength: 2, maxLength: 3 }).map((of): Query => ({ kind: "all", of })),
      fc.array(tie("query"), { minLength: 2, maxLength: 3 }).map((of): Query => ({ kind: "any", of })),
    ),
  })).query;

const queryTree = treeOf(
  fc.tuple(word, exactly).map(([text, exact]): Query => ({ kind: "words", text, ...exact })),
  fc
    .tuple(word, exactly)
    .map(([text, exact]): Query => ({ kind: "field", field: "subject", text, ...exact })),
  fc.boolean().map((set): Query => ({ kind: "flag", flag: "seen", set })),
  fc.integer({ min: 1, max: 1_000_000 }).map((over): Query => ({ kind: "size", over })),
);

function write(query: Query): string {
  switch (query.kind) {
    case "all":
      return `(${query.of.map(write).join(" ")})`;
    case "any":
      return `{${query.of.map(write).join(" ")}}`;
    case "not":
      return `-(${write(query.of)})`;
    case "words":
      return query.exact ? `"${query.text}"` : query.text;
    case "field":
      return `${query.field}:${query.exact ? `"${query.text}"` : query.text}`;
    case "in":
      return `in:${query.mailbox}`;
    case "flag":
      return query.set ? "is:read" : "is:unread";
    case "size":
      return `larger:${query.over}`;
    default:
      throw new Error(query.kind);
  }
}

test("a query serialized from a tree parses to that tree, also after translation to Gmail's syntax", () => {
  fc.assert(
    fc.property(queryTree, (query) => {
      const text = write(query);
      fc.pre(text.length < 1500);
      expect(parseQuery(text, context)).toEqual(query);
      expect(toSearchKeys(query).length).toBeGreaterThan(0);
      expect(parseQuery(toGmailQuery(query) ?? "", context)).toEqual(query);
    }),
    { numRuns: 500 },
  );
});

test("every operator that refusals list is accepted by the parser", () => {
  const taken = operatorNames.filter((name) => {
    try {
      const parsed = parseQuery(`${name}:zzz`, context);
      return parsed.kind === "words";
    } catch (error) {
      // The operator itself refuses a value that it does not take.
      return !(error instanceof AppError) || error.message.includes("no operator");
    }
  });
  expect(taken).toEqual([]);
});

/** Evaluates a query; `holds` gives the truth of each leaf. */
function isTrue(query: Query, holds: (leaf: Query) => boolean): boolean {
  switch (query.kind) {
    case "all":
      return query.of.every((part) => isTrue(part, holds));
    case "any":
      return query.of.some((part) => isTrue(part, holds));
    case "not":
      return !isTrue(query.of, holds);
    default:
      return holds(query);
  }
}

test("reducing in: for a mailbox keeps the truth value of the query for every email in it", () => {
  const mailboxes = ["one", "two", "three"];
  const words = ["a", "b", "c"];
  const tree = treeOf(
    fc.constantFrom(...words).map((text): Query => ({ kind: "words", text })),
    fc.constantFrom(...mailboxes, "anywhere").map((mailbox): Query => ({ kind: "in", mailbox })),
  );
  fc.assert(
    fc.property(tree, (query) => {
      fc.pre(write(query).length < 1500);
      const parsed = parseQuery(write(query), context);
      for (const mailbox of mailboxes) {
        const isHere = (name: string) => name === mailbox || name === "anywhere";
        const left = reduceForMailbox(parsed, isHere);
        expect(JSON.stringify(left)).not.toContain('"in"');
        for (let bits = 0; bits < 2 ** words.length; bits += 1) {
          const holds = (leaf: Query) =>
            leaf.kind === "in"
              ? isHere(leaf.mailbox)
              : leaf.kind === "words" && ((bits >> words.indexOf(leaf.text)) & 1) === 1;
          expect(typeof left === "boolean" ? left : isTrue(left, holds)).toBe(isTrue(query, holds));
        }
      }
    }),
    { numRuns: 500 },
  );
});

/** Evaluates SEARCH keys as a server does (RFC 3501 section 6.4.4), and X-GM-RAW as Gmail does. */
function matches(keys: readonly SearchToken[], holds: (leaf: Query) => boolean): boolean {
  let next = 0;
  const textOf = (token: SearchToken | undefined): string =>
    token && "value" in token ? token.value.toString() : "";
  function key(): boolean {
    const token = keys[next++];
    if (!token) throw new Error("a key is missing");
    if (!("type" in token)) return matches(token, holds);
    switch (token.value) {
      case "OR": {
        const [first, second] = [key(), key()];
        return first || second;
      }
      case "NOT":
        return !key();
      case "X-GM-RAW":
        return isTrue(parseQuery(textOf(keys[next++]), context), holds);
      case "X-GM-LABELS":
        return holds({ kind: "label", label: textOf(keys[next++]) });
      case "BODY":
        return holds({ kind: "field", field: "body", text: textOf(keys[next++]) });
      case "ANSWERED":
        return holds({ kind: "flag", flag: "answered", set: true });
      default:
        throw new Error(textOf(token));
    }
  }
  let all = true;
  while (next < keys.length) if (!key()) all = false;
  return all;
}

test("conditions that Gmail's syntax lacks become SEARCH keys beside X-GM-RAW, and the meaning is the same", () => {
  const leaves: Query[] = [
    { kind: "words", text: "a" },
    { kind: "words", text: "two words", exact: true },
    { kind: "field", field: "from", text: "carl@example.org" },
    { kind: "attachment" },
    { kind: "flag", flag: "seen", set: false },
    { kind: "field", field: "body", text: "b" },
    { kind: "flag", flag: "answered", set: true },
    { kind: "label", label: "Work" },
  ];
  const indexOf = (leaf: Query) => {
    const index = leaves.findIndex((one) => Bun.deepEquals(one, leaf));
    if (index < 0) throw new Error(`${JSON.stringify(leaf)} is not a leaf`);
    return index;
  };
  fc.assert(
    fc.property(treeOf(fc.constantFrom(...leaves)), fc.nat(2 ** leaves.length), (query, bits) => {
      const holds = (leaf: Query) => leaf.kind === "in" || ((bits >> indexOf(leaf)) & 1) === 1;
      expect(matches(toGmailKeys(query), holds)).toBe(isTrue(query, holds));
    }),
    { numRuns: 2_000 },
  );
});

test.each<[string, string]>([
  ["from:carl invoice", "from:carl invoice"],
  ["from:me -to:ME cc:ann@example.test", "from:me -to:me cc:ann@example.test"],
  ['"invoice" subject:"two words"', '"invoice" subject:"two words"'],
  ["Grüße -köln", "Grüße -köln"],
  // Text that is Gmail syntax is quoted.
  ['"OR" -x:// ~y AROUND', '"OR" -"x://" "~y" "AROUND"'],
  ["{a (b c)} -(a b) -{a b}", "{a (b c)} -(a b) -{a b}"],
  ["--a", "-(-a)"],
  // Midnights UTC as seconds; Gmail's own days begin in Pacific time.
  ["after:2024-03-05", "after:1709596799"],
  ["on:2024-03-05 OR a", "{(after:1709596799 before:1709683200) a}"],
  ["-on:2024-03-05", "-(after:1709596799 before:1709683200)"],
  ["before:1970-01-01", "before:0"],
  ["larger:5M smaller:6M", "larger:5242880 smaller:6291456"],
  ["is:read -is:starred has:attachment filename:pdf", "is:read -is:starred has:attachment filename:pdf"],
  ["list:team-1.example.org", "list:team-1.example.org"],
  ["rfc822msgid:<a+b=c@mail.example.org>", "rfc822msgid:a+b=c@mail.example.org"],
])("%s is translated to Gmail's %s", (query, expected) => {
  expect(toGmailQuery(parseQuery(query, context))).toBe(expected);
});

test.each(["is:answered", "is:draft", "body:word", "a OR is:answered", "list:*"])(
  "Gmail's syntax cannot express %s",
  (query) => {
    expect(toGmailQuery(parseQuery(query, context))).toBeUndefined();
  },
);
