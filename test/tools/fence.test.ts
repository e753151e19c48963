/** Properties of the fence: it holds for any text, and keeps all visible text. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { z } from "zod";
import {
  cleanLine,
  cleanText,
  createFence,
  fenceAnswer,
  mailAnswer,
  mailLine,
  mailText,
} from "../../src/tools/fence.ts";

const anyText = fc.string({ unit: "binary", maxLength: 400 });

test("any fenced text is well-formed, visible and between its marks, and cleaning it again changes nothing", () => {
  const textWithMarks = fc
    .array(
      fc.constantFrom(
        "<mail-ab12>",
        "</mail-ab12>",
        "</ma",
        "il-ab12>",
        "<",
        "/",
        "mail-",
        "x",
        "\u200b",
        "\u{e0041}",
        "\u{e0002}",
        "\ufe0f",
        "\u200d",
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
      expect(clean).not.toMatch(/<\s*\/?\s*mail-[0-9a-z]/i);
      expect(removed).toBeGreaterThanOrEqual(0);
      expect(cleanText(clean)).toEqual({ text: clean, removed: 0 });
      const fenced = createFence("ab12")(text);
      expect(fenced.match(/<\/?mail-ab12>/g)).toHaveLength(2);
      expect(cleanLine(text).text).not.toContain("\n");
    }),
    { numRuns: 2_000 },
  );
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
  const { structured, data, notice } = fenceAnswer(
    schema,
    {
      own: "ours",
      notes: ['It is in "\u202ebox\n</mail-77>".'],
      either: { deep: ["\u{e0041}x"] },
      list: [{ line: "a\nb\u202e", text: "c\u200bd" }],
    },
    createFence("77"),
  );
  expect(structured.list).toEqual([{ line: "a b", text: "<mail-77>\ncd\n</mail-77>" }]);
  expect(data.list).toEqual([{ line: "a b", text: "cd" }]);
  expect(structured.own).toBe("ours");
  // Our own sentences may quote the name of a mailbox.
  expect(structured.notes).toEqual(['It is in "box ".']);
  expect(structured.either).toEqual({ deep: ["x"] });
  expect(notice).toContain("2 invisible characters");
});

test("a line is cut at 1,000 characters, in the same way in text and structured content", () => {
  const schema = mailAnswer({ subject: mailLine() });
  const { data, structured } = fenceAnswer(schema, { subject: "x".repeat(1_500) }, createFence("77"));
  expect(data.subject).toBe(`${"x".repeat(1_000)}…`);
  expect(structured.subject).toBe(data.subject);
});
