/** The charset guesser over texts in 26 languages: 200 lengths each, and the lengths that an email's text has. */
import { describe, expect, test } from "bun:test";
import iconv from "iconv-lite";
import { decodeText, judgeText } from "../../src/email/charset.ts";
import type { CharsetHints } from "../../src/email/charset-guess.ts";
import {
  type CorpusEntry,
  charsetCorpus,
  charsetSampleOf,
  writableCases,
} from "../support/charset-corpus.ts";

/** The share of samples that are read right; those of ASCII alone do not count. */
function accuracy(length: number, hintsFor: (entry: CorpusEntry) => CharsetHints) {
  let right = 0;
  let all = 0;
  for (const { entry, charset } of writableCases) {
    const room = Math.max(0, [...entry.text].length - length);
    for (let sample = 0; sample < 20; sample += 1) {
      const { bytes, characters, isAscii } = charsetSampleOf(
        entry,
        charset,
        Math.floor((sample * room) / 20),
        length,
      );
      if (isAscii) continue;
      all += 1;
      if (decodeText(bytes, undefined, hintsFor(entry)) === characters) right += 1;
    }
  }
  return right / all;
}

describe("Text without a charset", () => {
  test("the corpus has at least 15 languages", () => {
    expect(new Set(charsetCorpus.map(({ language }) => language)).size).toBeGreaterThanOrEqual(15);
  });

  test("is read right in 95 % of the cases with 200 characters, and in 80 % with 40", () => {
    expect(accuracy(200, () => ({}))).toBeGreaterThanOrEqual(0.99);
    expect(accuracy(40, () => ({}))).toBeGreaterThanOrEqual(0.97);
  });

  test("is read right more often with the sender's domain or with Content-Language", () => {
    expect(accuracy(12, ({ domain }) => ({ topLevelDomain: domain }))).toBeGreaterThanOrEqual(0.95);
    expect(accuracy(12, ({ tag }) => ({ languages: [tag] }))).toBeGreaterThanOrEqual(0.95);
    expect(accuracy(12, () => ({}))).toBeGreaterThanOrEqual(0.9);
  });

  test.each(writableCases.map(({ entry, charset }) => [entry.language, charset, entry] as const))(
    "in %s and %s is read right in at least 95 % of 40 lengths from 40 characters",
    (_language, charset, entry) => {
      const lengths = Array.from({ length: 40 }, (_, at) => 40 + at * 10);
      const wrong = lengths.filter((length) => {
        const { bytes, characters, isAscii } = charsetSampleOf(entry, charset, length % 50, length);
        return !isAscii && decodeText(bytes) !== characters;
      });
      expect(wrong.length).toBeLessThanOrEqual(2);
    },
  );

  test("in UTF-8 is never guessed, whatever the hints say", () => {
    for (const { text, charsets } of charsetCorpus)
      for (const length of [1, 2, 3, 5, 10, 40, 200]) {
        const piece = [...text].slice(0, length).join("");
        expect(judgeText(Buffer.from(piece), "", { charsets, topLevelDomain: "ru" })).toEqual({
          text: piece,
        });
      }
  });

  test("is read in the charset that the email names elsewhere", () => {
    const bytes = iconv.encode("Привет", "koi8-r");
    expect(judgeText(bytes, undefined, { charsets: ["koi8-r"] })).toEqual({
      text: "Привет",
      guessed: "koi8-r",
    });
  });

  test("is not read in a charset that the email names elsewhere but that does not fit", () => {
    const bytes = iconv.encode("Die Straße ist schön, und über den Fluss führt eine Brücke.", "windows-1252");
    expect(judgeText(bytes, undefined, { charsets: ["shift_jis"] }).guessed).toBe("windows-1252");
  });

  test("in HTML is guessed from its words, not from its tags", () => {
    const words = "Добрый день, спасибо за письмо.";
    const html = `<table width="600"><tr><td style="font-family:Arial">${words}</td></tr></table>\n`.repeat(
      40,
    );
    expect(decodeText(iconv.encode(html, "windows-1251"))).toBe(html);
  });
});
