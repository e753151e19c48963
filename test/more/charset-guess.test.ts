/** The charset guesser over 200 lengths of each language and charset; test/email has 40 of them. */
import { expect, test } from "bun:test";
import iconv from "iconv-lite";
import { decodeText } from "../../src/email/charset.ts";
import { charsetCorpus } from "../support/charset-corpus.ts";

const cases = charsetCorpus.flatMap((entry) =>
  entry.charsets
    .filter((charset) => charset !== "iso-2022-jp")
    .map((charset) => [entry.language, charset, entry] as const),
);

test.each(cases)(
  "text in %s and %s is read right in at least 95 % of 200 lengths from 40 characters",
  (_language, charset, { text }) => {
    const lengths = Array.from({ length: 200 }, (_, at) => 40 + at * 2);
    const wrong = lengths.filter((length) => {
      const characters = [...text].slice(length % 50, (length % 50) + length).join("");
      const bytes = iconv.encode(characters, charset);
      if (bytes.every((byte) => byte < 0x80)) return false;
      return decodeText(bytes) !== iconv.decode(bytes, charset);
    });
    expect(wrong.length).toBeLessThanOrEqual(10);
  },
);
