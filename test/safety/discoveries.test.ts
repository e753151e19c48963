/** Floods of discoveries for dead and slow domains. Floods of 300 are in test/more/discoveries.test.ts. */
import { describe } from "bun:test";
import { describeFloods } from "../support/discovery-tests.ts";

describe("D02: a flood of discoveries", () => {
  describeFloods([
    { discoveries: 20, peers: 1 },
    { discoveries: 60, peers: 60 },
  ]);
});
