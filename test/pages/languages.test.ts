/** The texts of the pages in English, German and French. */
import { describe, expect, test } from "bun:test";
import { approveTextsFor } from "../../src/pages/text/approve.ts";
import { connectionTextsFor } from "../../src/pages/text/connection.ts";
import { type Language, languages } from "../../src/pages/text/language.ts";
import { privacyTextsFor } from "../../src/pages/text/privacy.ts";
import { proofTextsFor } from "../../src/pages/text/proof.ts";
import { signInTextsFor } from "../../src/pages/text/sign-in.ts";
import { textsFor } from "../../src/pages/text/texts.ts";
import { uploadTextsFor } from "../../src/pages/text/upload.ts";

describe("The languages", () => {
  /** Every sentence with its path; functions are called with samples. */
  function sentencesOf(texts: unknown, path = ""): [string, string][] {
    if (typeof texts === "string") return [[path, texts]];
    if (typeof texts === "function") {
      const say = texts as (...samples: (string | number)[]) => string;
      const samples = /Guesses|wait|rateLimited/.test(path) ? [7] : ["imap", "host.example"];
      return [[path, say(...samples)]];
    }
    return Object.entries(texts ?? {}).flatMap(([name, value]) => sentencesOf(value, `${path}.${name}`));
  }

  const allTextsFor = (language: Language) => [
    textsFor(language),
    privacyTextsFor(language),
    uploadTextsFor(language),
    approveTextsFor(language),
    connectionTextsFor(language),
    proofTextsFor(language),
    signInTextsFor(language),
  ];

  /** The parts that no translation changes: numbers, settings and the names of products; "2-Step" is translated as a word. */
  const factsOf = (sentence: string) => {
    const facts =
      /\d+(?!-Step)|[A-Z]+_[A-Z_]+|\b(?:IMAP|SMTP|TLS|STARTTLS|Claude|Google|Apple|Bridge|Proton)\b/g;
    return [...new Set(sentence.match(facts))].toSorted().join(" ");
  };

  test("English, German and French have the same sentences with the same numbers, settings and names", () => {
    const all = (["en", "de", "fr"] as const).map((language) =>
      sentencesOf(allTextsFor(language)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
    const [english = [], ...others] = all;
    for (const translated of others) {
      expect(translated.map(([path]) => path)).toEqual(english.map(([path]) => path));
      const unlike = translated.filter(
        ([, sentence], at) => factsOf(sentence) !== factsOf(english[at]?.[1] ?? ""),
      );
      expect(unlike).toEqual([]);
    }
  });

  test("No sentence says bin, and none counts minutes where the form lives for an hour", () => {
    for (const language of languages)
      for (const [path, sentence] of sentencesOf(allTextsFor(language))) {
        expect({ path, bin: /\bbin\b|Mülleimer|poubelle/i.test(sentence) }).toEqual({ path, bin: false });
        if (path.includes("request_expired")) expect(sentence).not.toMatch(/minut/i);
      }
  });
});
