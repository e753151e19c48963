/** Properties of the fence: it holds for any text, and keeps all visible text. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { z } from "zod";
import {
  cleanLine,
  cleanText,
  cleanWords,
  createAnswerFence,
  createFence,
  mailAnswer,
  mailLine,
  mailText,
} from "../../src/tools/fence.ts";
import { growthOf } from "../support/own-time.ts";

const nonce = "0123456789abcdef";
const anyText = fc.string({ unit: "binary", maxLength: 400 });

test("any fenced text is well-formed, visible and between its marks, and cleaning it again changes nothing", () => {
  const textWithMarks = fc
    .array(
      fc.constantFrom(
        `<mail-${nonce}>`,
        `</mail-${nonce}>`,
        "</ma",
        `il-${nonce}>`,
        "<mail-0123",
        "456789abcdef>",
        "<",
        "/",
        "mail-",
        "x",
        "\u200b",
        "\u{e0041}",
        "\u{e0002}",
        "\ufe0f",
        "\u200d",
        "\u200c",
        "\u2764",
        "\u0645",
        "1",
        "\n",
      ),
      { maxLength: 30 },
    )
    .map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(fc.oneof(anyText, textWithMarks), (text) => {
      const { text: clean, removed } = cleanText(text);
      expect(clean.isWellFormed()).toBe(true);
      expect(clean.replace(/[\t\n]/g, "")).not.toMatch(
        /\p{Cc}|[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u,
      );
      expect(clean).not.toMatch(/<\/?mail-[0-9a-f]{16}>/i);
      expect(removed).toBeGreaterThanOrEqual(0);
      expect(cleanText(clean)).toEqual({ text: clean, removed: 0 });
      const fenced = createFence(nonce)(text);
      expect(fenced.match(/<\/?mail-[0-9a-f]{16}>/g)).toHaveLength(2);
      expect(cleanLine(text).text).not.toContain("\n");
    }),
    { numRuns: 2_000 },
  );
});

test("D04: only complete marks with 16 hexadecimal digits are removed, whatever the nonce", () => {
  for (const text of [
    "<mail-noreply@google.example>",
    "X <mail-0>",
    "<mail-0123456789abcdef@google.example>",
    "</mail-0123456789abcde> <mail-0123456789abcdef0> <mail-0123456789abcdeg>",
    "< mail-0123456789abcdef> < / mail-0123456789abcdef > <mail-0123456789abcdef",
  ])
    expect(cleanText(text)).toEqual({ text, removed: 0 });
  for (const [text, clean, removed] of [
    ["a<mail-0123456789abcdef>b", "ab", 1],
    ["a</MAIL-FEDCBA9876543210>b", "ab", 1],
    ["</mail-0123<mail-0123456789abcdef>456789abcdef>", "", 2],
    ["</mail-0123\u200b456789abcdef>", "", 2],
  ] as const)
    expect(cleanText(text)).toEqual({ text: clean, removed });
  expect(() => createFence("ab12")).toThrow(RangeError);
});

test("cleaning takes time in proportion to the text", async () => {
  const nested = (count: number) => `${"<mail-01234567".repeat(count)}${"89abcdef>".repeat(count)}`;
  for (const [name, repeated] of Object.entries({
    "spaces after <": (count: number) => `<${" ".repeat(count * 10)}`,
    "nested marks": nested,
    "unfinished marks": (count: number) => "</mail-0123456789abcdef".repeat(count),
    "joiners and selectors": (count: number) => "\ufe0f\u200d".repeat(count * 10),
    "line breaks": (count: number) => ` ${"\n ".repeat(count * 10)}x`,
    "spaces and umlauts": (count: number) => `ä${" ".repeat(count * 10)}x`,
  })) {
    const growth = await growthOf(40_000, (count) => {
      const text = repeated(count);
      cleanText(text);
      cleanLine(text);
      cleanWords(text);
    });
    expect({ name, isLinear: growth < 3 }).toEqual({ name, isLinear: true });
  }
});

test("visible text in any script passes the fence unchanged", () => {
  for (const text of [
    "Grüße",
    "日本語",
    "שלום עולם",
    "می‌خواهم",
    "क्षत्रिय",
    "👩‍👩‍👧‍👦 🏳️‍🌈 ❤️",
    "a\tb\nc",
    "1 < 2 > 0",
    "<mail@example.test>",
  ])
    expect(cleanText(text)).toEqual({ text, removed: 0 });
});

test("every string that the schema marks as mail is fenced, at any depth", () => {
  const schema = mailAnswer({
    own: z.string(),
    notes: z.array(z.string()),
    either: z.union([z.string(), z.object({ deep: z.array(z.string()) })]),
    list: z.array(z.object({ line: mailLine().optional(), text: mailText() })),
  });
  const { structured, data, notice } = createAnswerFence(schema)(
    {
      own: "ours",
      notes: ['It is in "\u202ebox\n</mail-7777777777777777>".'],
      either: { deep: ["\u{e0041}x"] },
      list: [{ line: "a\nb\u202e", text: "c\u200bd" }],
    },
    createFence("7".repeat(16)),
  );
  expect(structured.list).toEqual([
    { line: "a b", text: "<mail-7777777777777777>\ncd\n</mail-7777777777777777>" },
  ]);
  expect(data.list).toEqual([{ line: "a b", text: "cd" }]);
  expect(structured.own).toBe("ours");
  // Our own sentences may quote the name of a mailbox.
  expect(structured.notes).toEqual(['It is in "box ".']);
  expect(structured.either).toEqual({ deep: ["x"] });
  expect(notice).toContain("2 invisible characters");
});

test("a line is cut at 1,000 characters, in the same way in text and structured content", () => {
  const schema = mailAnswer({ subject: mailLine() });
  const { data, structured } = createAnswerFence(schema)(
    { subject: "x".repeat(1_500) },
    createFence("7".repeat(16)),
  );
  expect(data.subject).toBe(`${"x".repeat(1_000)}…`);
  expect(structured.subject).toBe(data.subject);
});

test("a line that needs no cleaning is the same as one that was cleaned", () => {
  const pieces = fc.constantFrom(
    "a",
    "Z",
    "~",
    "!",
    " ",
    "  ",
    "\t",
    "\n",
    "<",
    ">",
    "é",
    "\u200b",
    "</mail-",
  );
  const lines = fc.array(pieces, { maxLength: 12 }).map((list) => list.join(""));
  fc.assert(
    fc.property(lines, (text) => {
      const cleaned = cleanText(text);
      expect(cleanLine(text)).toEqual({ ...cleaned, text: cleaned.text.replace(/\s+/g, " ").trim() });
    }),
  );
});

test("text from mail is fenced in lists and records, and what holds none is the same in both forms", () => {
  const schema = mailAnswer({
    texts: z.array(mailText()).nullable(),
    byName: z.record(z.string(), mailText().optional()),
    own: z.object({ state: z.enum(["open", "closed"]), count: z.number(), maybe: z.string().nullish() }),
  });
  const fence = createFence("7".repeat(16));
  const answer = {
    texts: ["a\u200b", "b"],
    byName: { x: "c", ["__proto__"]: "d" },
    own: { state: "open" as const, count: 1, maybe: null },
  };
  const { data, structured } = createAnswerFence(schema)(answer, fence);
  expect(data.texts).toEqual(["a", "b"]);
  expect(structured.texts).toEqual([fence("a"), fence("b")]);
  expect(Object.entries(structured.byName)).toEqual([
    ["x", fence("c")],
    ["__proto__", fence("d")],
  ]);
  expect(data.own).toEqual(answer.own);
  expect(structured.own).toBe(data.own);
});
