/** Base subjects and prefixes. */
import { expect, test } from "bun:test";
import { isForwardSubject, isReplySubject, toBaseSubject } from "../../src/email/subject.ts";
import { growthOf } from "../support/own-time.ts";

test.each([
  ["Plan", "Plan"],
  ["Re: Plan", "Plan"],
  ["AW: WG: Re[2] : Plan", "Plan"],
  ["[team] Re: [team] Plan (fwd)", "Plan"],
  ["Fwd: [Fwd: Plan]", "Plan"],
  ["回复：Plan", "Plan"],
  ["[team]", "[team]"],
  ["Re:", ""],
  ["Reading: a plan", "Reading: a plan"],
  ["  Plan\t for   March ", "Plan for March"],
])("RFC 5256 section 2.1: the base subject of %p is %p", (subject, base) => {
  expect(toBaseSubject(subject)).toBe(base);
});

test("replies and forwards are recognized by the prefixes of other languages", () => {
  expect(["SV: x", "Antw: x", "VS: x"].every(isReplySubject)).toBe(true);
  expect(["TR: x", "WG: x", "Fwd: x"].every(isForwardSubject)).toBe(true);
  expect(
    ["Red: x", "Forward: x"].some((subject) => isReplySubject(subject) || isForwardSubject(subject)),
  ).toBe(false);
});

test("reading a subject of nested reply prefixes takes time linear in its length", async () => {
  for (const part of ["re:", "[a] ", "(fwd) ", "[fwd:"])
    expect(await growthOf(300_000, (size) => toBaseSubject(part.repeat(size))), part).toBeLessThan(3);
});
