/** Text from mail is read in linear time: twice the size takes about twice the CPU time, four times when quadratic. */
import { describe, expect, test } from "bun:test";
import { parseOriginal } from "../../src/compose/parse-original.ts";
import { parseMultipartSource, textInHeaders } from "../../src/email/broken-structure.ts";
import { decodeText } from "../../src/email/charset.ts";
import { splitEncodedFiles } from "../../src/email/encoded-files.ts";
import { decodeEncodedWords } from "../../src/email/encoded-words.ts";
import { toSafeFileName } from "../../src/email/file-name.ts";
import { joinFlowed } from "../../src/email/format-flowed.ts";
import { decodeHeaderText, parseAddresses, parseHeaders } from "../../src/email/headers.ts";
import { unsubscribeTargets } from "../../src/email/list-unsubscribe.ts";
import { parseMimeTree } from "../../src/email/mime-tree.ts";
import { toSenderChecks } from "../../src/email/sender-checks.ts";
import { toThreadKeys } from "../../src/email/thread-keys.ts";
import { createTransferDecoder } from "../../src/email/transfer-decoder.ts";
import { decodeTextTransfer, decodeTransfer } from "../../src/email/transfer-encoding.ts";
import { bestOf, cpuMsOf, growthOf } from "../support/own-time.ts";

/** Quadratic work grows by 4; the garbage collector adds to linear work. */
const maxGrowth = 3.5;

const from = (value: string) => [{ name: "From", value }];

/** Each function with pieces that make quadratic work of bad patterns, repeated up to some 100,000 characters. */
const works: readonly (readonly [
  name: string,
  pieces: readonly string[],
  work: (text: string) => unknown,
])[] = [
  ["parseHeaders", ["a:", "\n ", "\r\n\r", "é:", " \t"], (text) => parseHeaders(Buffer.from(text, "latin1"))],
  ["decodeHeaderText", ["=?", "=?a?q?", "=?a?b?=", "?=", " \t", "=?utf-8?q?=C3?= "], decodeHeaderText],
  ["decodeEncodedWords", ["=?utf-8?q?\u00fc", "=?a?q?b?= "], (text) => decodeEncodedWords(text)],
  ["parseAddresses", ['"', "'", "<", "a,", "a@b,", "(", "\\"], parseAddresses],
  [
    "toSenderChecks",
    ["@", ".", "a@", "<", ";spf=", "(", '"'],
    (text) => toSenderChecks([...from(text), { name: "Authentication-Results", value: text }]),
  ],
  [
    "toThreadKeys",
    ["<", "<a>", "<a "],
    (text) => toThreadKeys([{ name: "References", value: text }], text, undefined),
  ],
  [
    "unsubscribeTargets",
    ["<", "<http:", "< "],
    (text) => unsubscribeTargets([{ name: "List-Unsubscribe", value: text }]),
  ],
  ["toSafeFileName", [".", " ", ". ", "com1", "\u200b"], (text) => toSafeFileName(text)],
  ["joinFlowed", [">", " ", "a \n", "> \n"], (text) => joinFlowed(text, true)],
  [
    "decodeText",
    ["\xe9", "\xd0\xd1 ", "\x1b", "a\xe9\n", "<\xe9"],
    (text) => decodeText(Buffer.from(text, "latin1")),
  ],
  [
    "decodeTransfer of base64",
    ["=", "A\n", "QUJD\n", "a b\n", " "],
    (text) => decodeTransfer(Buffer.from(text), "base64"),
  ],
  [
    "decodeTransfer of quoted-printable",
    ["=", "=\n", " ", "=3D", " \n"],
    (text) => decodeTransfer(Buffer.from(text), "quoted-printable"),
  ],
  [
    "decodeTextTransfer",
    ["=", "=\n", "=C3=BC", "QUJD\n", " "],
    (text) => decodeTextTransfer(Buffer.from(text)),
  ],
  [
    "createTransferDecoder",
    ["=", "A\n", "QUJD", "a b\n"],
    (text) => {
      const decoder = createTransferDecoder("base64");
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += 1_000) decoder.push(bytes.subarray(at, at + 1_000));
      decoder.end();
    },
  ],
  [
    "splitEncodedFiles",
    ["begin 644 a\n", "begin 644 a\n!\n", "=ybegin size=1 name=a\n", "M", "\n"],
    (text) => splitEncodedFiles(Buffer.from(text)),
  ],
  [
    "parseMimeTree",
    ["--b\n", "-", "\n", "\r\n\r"],
    (text) => parseMimeTree(Buffer.from(`Content-Type: multipart/mixed; boundary=b\n\n${text}`)),
  ],
  ["parseMultipartSource", ["--b\n", "--", "\n--b\n\n"], (text) => parseMultipartSource(Buffer.from(text))],
  ["textInHeaders", ["a:\n", " \n", "a", "\n"], (text) => textInHeaders(Buffer.from(text))],
  [
    "parseOriginal",
    ["content-type: text/plain; flowed\n", "content-type:", "<a@b> ", " \n"],
    (text) =>
      parseOriginal("id", Buffer.from(`Subject: x\nReferences: ${text.slice(0, 1_000)}\n\n${text}`), true),
  ],
];

describe("Linear time", () => {
  const cases = works.flatMap(([name, pieces, work]) => pieces.map((piece) => [name, piece, work] as const));

  test.each(cases)("%s of %j repeated", async (_name, piece, work) => {
    const grow = (size: number) => growthOf(size, (each) => work(piece.repeat(each / piece.length)));
    const growth = await grow(100_000);
    // Noise of a few milliseconds does not repeat itself at a larger size; quadratic work does.
    expect(growth < maxGrowth ? growth : await grow(400_000)).toBeLessThan(maxGrowth);
  });
});

/** Below a tenth of the 50 ms for which one email may hold the loop: an answer needs eight address headers. */
const maxHeaderMs = 10;

test.each(["a,", "=?utf-8?B?4pyT?=,", '"",', "@,", "a:b@c;", "x Fwd: http://a.example/b?c=d#e", "<>", "(,"])(
  "An address header of 200,000 characters of %j is parsed in little time",
  async (piece) => {
    const value = piece.repeat(200_000 / piece.length);
    expect(await bestOf(maxHeaderMs, () => cpuMsOf(() => parseAddresses(value)))).toBeLessThan(maxHeaderMs);
  },
);

test("Of an address header the first 250 people and more are parsed", () => {
  const value = Array.from({ length: 300 }, (_, at) => `"Name ${at}" <u${at}@x.test>`).join(", ");
  const parsed = parseAddresses(value);
  expect(parsed.length).toBeGreaterThan(250);
  expect(parsed[249]).toEqual({ name: "Name 249", address: "u249@x.test" });
});
