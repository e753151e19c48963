/**
 * Regular expressions of src, checked by recheck for polynomial and exponential time. Those in proven-patterns.txt were
 * proven before (scripts/prove-patterns.ts); test/more/patterns.test.ts proves all of them again.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findUnproven, patterns, provenFile, slowToCheck, toDigest } from "../support/patterns.ts";

test("D01: every pattern is linear", async () => {
  expect(patterns.length).toBeGreaterThan(500);
  const proven = new Set(readFileSync(join(import.meta.dir, "../..", provenFile), "utf8").split("\n"));
  expect(proven.size).toBeGreaterThan(400);
  const open = patterns.filter((pattern) => !proven.has(toDigest(pattern)));
  expect(await findUnproven(open, slowToCheck)).toEqual([]);
}, 120_000);

test("a pattern that is left to the longer test is still there", () => {
  const stale = slowToCheck.filter((start) => !patterns.some(({ whole }) => whole.startsWith(start)));
  expect(stale).toEqual([]);
});

test("recheck finds a polynomial pattern", async () => {
  const pattern = { path: "here", whole: "/[ ]+$/", source: "[ ]+$", flags: "" };
  expect(await findUnproven([pattern], [])).toMatchObject([{ status: "vulnerable" }]);
});
