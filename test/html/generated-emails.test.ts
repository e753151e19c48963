/** Random HTML emails are read as Chromium shows them; `bun run test:more` compares 1,200. */
import { describe } from "bun:test";
import { compareGeneratedEmails } from "../support/generated-comparison.ts";
import { programs } from "../support/installed.ts";

describe.skipIf(!programs.chromium)("20 random HTML emails", () => compareGeneratedEmails(20, [1]));
