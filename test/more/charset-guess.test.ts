/** The charset guesser over 200 lengths of each language and charset; test/email has 40 of them. */
import { expect, test } from "bun:test";
import { decodeText } from "../../src/email/charset.ts";
import { charsetSampleOf, writableCases } from "../support/charset-corpus.ts";

test.each(writableCases.map(({ entry, charset }) => [entry.language, charset, entry] as const))(
  "text in %s and %s is read right in at least 95 % of 200 lengths from 40 characters",
  (_language, charset, entry) => {
    const lengths = Array.from({ length: 200 }, (_, at) => 40 + at * 2);
    const wrong = lengths.filter((length) => {
      const { bytes, characters, isAscii } = charsetSampleOf(entry, charset, length % 50, length);
      return !isAscii && decodeText(bytes) !== characters;
    });
    expect(wrong.length).toBeLessThanOrEqual(10);
  },
);
