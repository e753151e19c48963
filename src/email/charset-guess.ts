/** Guesses the charset of text that does not declare it, from the statistics of jschardet and from hints. */
import type { IDetectedMap } from "jschardet";
import { type CharsetDecoder, charsetDecoder, countInvalid } from "./charset-labels.ts";

/** Hints of an email about the charset of its text. */
export type CharsetHints = {
  /** Charsets that the email names elsewhere: in HTML, or in encoded words. */
  charsets?: readonly string[];
  /** BCP 47 tags of Content-Language. */
  languages?: readonly string[];
  /** The sender's top-level domain. */
  topLevelDomain?: string;
};

/** Charsets of real email. Others, such as those of old Macintosh systems, would only compete in short texts. */
const candidates = [
  // The library warns without these two.
  "utf-8",
  "ascii",
  "windows-1250",
  "windows-1251",
  "windows-1252",
  "windows-1253",
  "windows-1254",
  "windows-1255",
  "windows-1256",
  "windows-1257",
  "windows-1258",
  "iso-8859-2",
  "iso-8859-5",
  "iso-8859-6",
  "iso-8859-7",
  "iso-8859-16",
  "koi8-r",
  "koi8-u",
  "ibm866",
  "cp874",
  "shift_jis",
  "cp932",
  "euc-jp",
  "gb18030",
  "big5",
  "euc-kr",
  "cp949",
];

const western = ["windows-1252"];

const charsetsOfLanguages: Readonly<Record<string, readonly string[]>> = {
  ca: western,
  da: western,
  de: western,
  en: western,
  es: western,
  fi: western,
  fr: western,
  is: western,
  it: western,
  nb: western,
  nl: western,
  no: western,
  pt: western,
  sv: western,
  ar: ["windows-1256", "iso-8859-6"],
  be: ["windows-1251", "koi8-u", "iso-8859-5"],
  bg: ["windows-1251", "koi8-r", "iso-8859-5"],
  bs: ["windows-1250", "iso-8859-2"],
  cs: ["windows-1250", "iso-8859-2"],
  el: ["windows-1253", "iso-8859-7"],
  et: ["windows-1257"],
  fa: ["windows-1256"],
  he: ["windows-1255"],
  hr: ["windows-1250", "iso-8859-2"],
  hu: ["windows-1250", "iso-8859-2"],
  ja: ["shift_jis", "euc-jp"],
  kk: ["windows-1251"],
  ko: ["euc-kr"],
  lt: ["windows-1257"],
  lv: ["windows-1257"],
  mk: ["windows-1251"],
  pl: ["windows-1250", "iso-8859-2"],
  ro: ["iso-8859-16", "windows-1250", "iso-8859-2"],
  ru: ["windows-1251", "koi8-r", "ibm866", "iso-8859-5"],
  sk: ["windows-1250", "iso-8859-2"],
  sl: ["windows-1250", "iso-8859-2"],
  sr: ["windows-1250", "windows-1251", "iso-8859-2"],
  th: ["windows-874"],
  tr: ["windows-1254"],
  uk: ["windows-1251", "koi8-u"],
  ur: ["windows-1256"],
  vi: ["windows-1258"],
  zh: ["gb18030", "big5"],
  "zh-cn": ["gb18030"],
  "zh-sg": ["gb18030"],
  "zh-hans": ["gb18030"],
  "zh-hk": ["big5"],
  "zh-tw": ["big5"],
  "zh-hant": ["big5"],
};

/** Languages of top-level domains, unless the domain is the tag of its language. */
const languagesOfDomains: Readonly<Record<string, string>> = {
  ae: "ar",
  ar: "es",
  at: "de",
  ba: "bs",
  be: "fr",
  br: "pt",
  by: "be",
  ch: "de",
  cl: "es",
  cn: "zh-cn",
  co: "es",
  cy: "el",
  cz: "cs",
  dk: "da",
  dz: "ar",
  ee: "et",
  eg: "ar",
  et: "",
  gr: "el",
  hk: "zh-hk",
  il: "he",
  iq: "ar",
  ir: "fa",
  jo: "ar",
  jp: "ja",
  kr: "ko",
  kz: "ru",
  lb: "ar",
  ma: "ar",
  md: "ro",
  mx: "es",
  mo: "zh-hk",
  pk: "ur",
  rs: "sr",
  sa: "ar",
  se: "sv",
  si: "sl",
  sy: "ar",
  tn: "ar",
  tw: "zh-tw",
  ua: "uk",
  uk: "en",
  vi: "",
  vn: "vi",
};

/** Octets of a sample: more text makes no guess better. */
const sampleBytes = 8_192;

/** Factors for a candidate that hints support, measured on the tests' corpus. */
const charsetHintWeight = 6;
const languageHintWeight = 3;
/** Text of western Europe is the most frequent, and the statistics of a short text say little. */
const westernWeight = 1.2;
/** A word of letters of two scripts, such as `RÐ¹union`. */
const mixedWordWeight = 0.2;

/**
 * Guesses the charset of `bytes`, which are neither UTF-8 nor a 7-bit encoding. Falls back to windows-1252, which can
 * decode everything (RFC 2045 section 5.2 leaves the choice to the reader).
 */
export function guessCharset(bytes: Uint8Array, hints: CharsetHints = {}): CharsetDecoder | undefined {
  const sample = sampleOf(bytes);
  const hinted = namesOf(hints.charsets ?? []);
  const expected = namesOf(languagesIn(hints).flatMap(charsetsOf));
  const scores = new Map<string, number>();
  for (const { encoding, confidence } of detect(sample)) {
    const name = encoding === null ? undefined : charsetDecoder(encoding)?.name;
    if (name) scores.set(name, Math.max(confidence, scores.get(name) ?? 0));
  }
  for (const name of [...hinted, ...expected, "windows-1252"]) scores.set(name, scores.get(name) ?? 0.001);
  const ranked = [...scores].flatMap(([name, confidence]) => {
    const decoder = charsetDecoder(name);
    const text = decoder?.decode(sample) ?? "";
    if (!decoder || hasInvalid(text)) return [];
    const weight =
      (hinted.includes(name) ? charsetHintWeight : 1) *
      (expected.includes(name) ? languageHintWeight : 1) *
      (name === "windows-1252" ? westernWeight : 1) *
      mixedWordWeight ** countMixedWords(text);
    return [{ decoder, text, score: confidence * weight }];
  });
  const [best] = ranked.sort((a, b) => b.score - a.score);
  const western = ranked.find(({ decoder }) => decoder.name === "windows-1252");
  // Where it makes no difference, the most frequent name is the most likely.
  return (western?.text === best?.text ? western : best)?.decoder ?? charsetDecoder("windows-1252");
}

/** The library takes 20 ms and 17 MB to load, which most servers never need. */
function detect(sample: Uint8Array): IDetectedMap[] {
  const { detectAll } = require("jschardet") as typeof import("jschardet");
  return detectAll(sample, { minimumThreshold: 0, detectEncodings: candidates });
}

/** The lines that have bytes above 127, without HTML tags. */
function sampleOf(bytes: Uint8Array): Uint8Array {
  const sample = new Uint8Array(Math.min(bytes.length, sampleBytes));
  let length = 0;
  let start = 0;
  while (start < bytes.length && length < sample.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    const line = bytes.subarray(start, end);
    if (line.some((byte) => byte > 127)) {
      const words = withoutTags(line).subarray(0, sample.length - length);
      sample.set(words, length);
      length += words.length;
    }
    start = end;
  }
  return sample.subarray(0, length);
}

/** In every multi-byte encoding `<` and `>` are no second bytes. */
function withoutTags(line: Uint8Array): Uint8Array {
  if (!line.includes(0x3c)) return line;
  let isTag = false;
  return line.filter((byte) => {
    if (byte === 0x3c) isTag = true;
    const isText = !isTag;
    if (byte === 0x3e) isTag = false;
    return isText;
  });
}

/** U+FFFD, and control characters that no text has. */
const hasInvalid = (text: string) => countInvalid(text) > 0 || /[\u0080-\u0084\u0086-\u009f]/.test(text);

/** Words with ASCII letters directly beside letters of another script. */
function countMixedWords(text: string): number {
  const mixed = text.match(/[a-z](?=[^\P{L}\p{Script=Latin}])|[^\P{L}\p{Script=Latin}](?=[a-z])/giu);
  return mixed?.length ?? 0;
}

function languagesIn({ languages = [], topLevelDomain = "" }: CharsetHints): string[] {
  const domain = topLevelDomain.toLowerCase();
  return [
    ...languages.map((tag) => tag.trim().toLowerCase()),
    (Object.hasOwn(languagesOfDomains, domain) && languagesOfDomains[domain]) || domain,
  ];
}

function charsetsOf(language: string): readonly string[] {
  const [primary = ""] = language.split("-");
  const known = [language, primary].find((tag) => Object.hasOwn(charsetsOfLanguages, tag));
  return (known && charsetsOfLanguages[known]) || [];
}

const namesOf = (labels: readonly string[]) =>
  labels.map((label) => charsetDecoder(label)?.name).filter((name) => name !== undefined);
