/** Emails that once held the server for seconds. Every character and every bomb are in test/more/isolation.test.ts. */
import { describe } from "bun:test";
import { describeIsolation, emailEverywhere } from "../support/isolation-tests.ts";

const runs = { dots: ".", slashes: "/" };

describe("D01: one email never holds the server", () => {
  describeIsolation(
    new Map([
      ...Object.entries(runs).map(
        ([name, character]) =>
          [`90,000 ${name} everywhere`, () => emailEverywhere(character.repeat(90_000))] as const,
      ),
      [
        "false marks in false marks everywhere",
        () => emailEverywhere(`${"<mail-01234567".repeat(3_000)}${"89abcdef>".repeat(3_000)}`),
      ],
    ]),
  );
});
