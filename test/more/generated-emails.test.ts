/** 1,200 random HTML emails are read as Chromium shows them. */
import { describe } from "bun:test";
import { compareGeneratedEmails } from "../support/generated-comparison.ts";
import { programs } from "../support/installed.ts";

describe.skipIf(!programs.chromium)("1,200 random HTML emails", () =>
  compareGeneratedEmails(120, [1, 2, 3, 6, 7, 9, 11, 16, 17, 20]),
);
