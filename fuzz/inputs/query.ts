/** Queries of search_emails: operators, groups, phrases, and what ends one of them. */
import fc from "fast-check";
import { operatorNames } from "../../src/query/operators.ts";
import { runs, shortTexts } from "./text.ts";

const values = fc.oneof(
  fc.constantFrom(
    ...'ann me 2024/05/06 2024-13-45 0000/00/00 1d 99999999999y 10M -1 1e9 <1@example.test> inbox sent attachment unread starred "a b" (a OR b) {a b} * %'.split(
      " ",
    ),
  ),
  shortTexts,
);
const term = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        fc.constantFrom("", "-", "--", "+"),
        fc.constantFrom(...operatorNames),
        fc.constantFrom(":", ": ", "::"),
        values,
      )
      .map((parts) => parts.join("")),
  },
  { weight: 2, arbitrary: values },
  {
    weight: 2,
    arbitrary: fc.constantFrom("OR", "AND", "NOT", "(", ")", "{", "}", '"', "AROUND 5", "|", "-("),
  },
  { weight: 1, arbitrary: runs },
);

export const queries: fc.Arbitrary<string> = fc
  .array(term, { maxLength: 12 })
  .map((terms) => terms.join(" "));
