/** Every regular expression of src, checked by recheck for polynomial and exponential time. */
import { expect, test } from "bun:test";
import { findUnproven, patterns } from "../support/patterns.ts";

test("every pattern is linear", async () => {
  expect(await findUnproven(patterns, [])).toEqual([]);
}, 600_000);
