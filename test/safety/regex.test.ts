/**
 * Regular expressions of src, checked by recheck for polynomial and exponential time, but for the few that it takes long
 * to check: those are in test/more/patterns.test.ts.
 */
import { expect, test } from "bun:test";
import { findUnproven, patterns, slowToCheck } from "../support/patterns.ts";

test("D01: every pattern is linear", async () => {
  expect(patterns.length).toBeGreaterThan(500);
  expect(await findUnproven(patterns, slowToCheck)).toEqual([]);
}, 120_000);

test("a pattern that is left to the longer test is still there", () => {
  const stale = slowToCheck.filter((start) => !patterns.some(({ whole }) => whole.startsWith(start)));
  expect(stale).toEqual([]);
});

test("recheck finds a polynomial pattern", async () => {
  const pattern = { path: "here", whole: "/[ ]+$/", source: "[ ]+$", flags: "" };
  expect(await findUnproven([pattern], [])).toMatchObject([{ status: "vulnerable" }]);
});
