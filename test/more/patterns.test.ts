/**
 * Regular expressions that meet text from mail, checked by recheck for polynomial and exponential time. In the first
 * suite test/email/linear-time.test.ts measures the functions that use them.
 */
import { expect, test } from "bun:test";
import { readFiles } from "../../scripts/source-files.ts";

/** Rooms whose patterns are checked; others read bounded text, or have other tests. */
const rooms = ["email", "query", "compose"];

/** Beginnings of patterns for which recheck finds no attack and does not always finish. */
const undecided = [
  // Every match begins at another "<", which it cannot contain.
  "/<[^<>\\s]{1,500}>/",
  // A query has at most 2,000 characters.
  "/^['‘](",
  // The date pattern: its input has at most 300 characters.
  "/(\\d{1,2})[\\s-]+([A-Za-z]{3})",
];

const literal =
  /(?<![\w)\]*/])\/((?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)(?=[\s.,;)\]}:?]|$)/gm;
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");

const patterns = rooms.flatMap((room) =>
  readFiles(`src/${room}/*.ts`).flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(literal)].map(([whole, source = "", flags = ""]) => ({
      path,
      whole,
      source,
      flags,
    })),
  ),
);

test("every pattern is linear", async () => {
  process.env.RECHECK_BACKEND = "pure";
  const { checkSync } = await import("recheck");
  expect(patterns.length).toBeGreaterThan(100);
  const slow = patterns
    .filter(({ whole }) => !undecided.some((start) => whole.startsWith(start)))
    .map(({ path, whole, source, flags }) => ({
      path,
      whole,
      status: checkSync(source, flags, { timeout: 20_000 }).status,
    }))
    .filter(({ status }) => status !== "safe");
  expect(slow).toEqual([]);
}, 600_000);

test("recheck finds a polynomial pattern", async () => {
  process.env.RECHECK_BACKEND = "pure";
  const { checkSync } = await import("recheck");
  expect(checkSync("[ ]+$", "", { timeout: 20_000 }).status).toBe("vulnerable");
});
