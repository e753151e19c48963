/** The text part of an email: as a person would type it, with the words of the HTML part. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { Parser } from "htmlparser2";
import MarkdownIt from "markdown-it";
import { markdownToHtml } from "../../src/compose/markdown-html.ts";
import { markdownToText } from "../../src/compose/markdown-text.ts";

const examples: readonly (readonly [what: string, markdown: string, plain: string])[] = [
  ["emphasis", "**Ten** o'clock, *please*, `sharp`.", "Ten o'clock, please, sharp."],
  ["struck out text", "~~Nine~~ ten.", "~~Nine~~ ten."],
  ["line breaks", "Ann Lee  \nMain Road 1\nYork", "Ann Lee\nMain Road 1\nYork"],
  ["a long line", "word ".repeat(300), "word ".repeat(300).trim()],
  ["a link", "See [the page](https://x.example/p?a=1&b=2).", "See the page <https://x.example/p?a=1&b=2>."],
  ["a link that is its text", "[https://köln.example](https://köln.example/)", "https://köln.example"],
  [
    "URLs as typed",
    "https://x.example/ä <https://x.example/a%20b>",
    "https://x.example/ä https://x.example/a%20b",
  ],
  ["mail addresses", "<ann@x.example> [Ben](mailto:ben@x.example)", "ann@x.example Ben <ben@x.example>"],
  ["a link without text", "[](https://x.example)", "<https://x.example>"],
  ["a relative target", "[https://x.example](/p)", "https://x.example </p>"],
  ["a script target", "[x](javascript:y)", "[x](javascript:y)"],
  ["headings", "# Plan\nFirst\n## Costs\nNone", "Plan\n\nFirst\n\nCosts\n\nNone"],
  ["a list", "- one\n- two\n  more\n  - three", "- one\n- two\n  more\n  - three"],
  ["a loose list", "* one\n\n  more\n\n* two", "- one\n\n  more\n\n- two"],
  ["an ordered list", "9. nine\n9. ten\n\n   more", "9. nine\n\n10. ten\n\n    more"],
  ["quotes", "> a\n> > b\n>\n> c", "> a\n>\n>> b\n>\n> c"],
  ["code", "```js\nif (a) {\n\n  b();\n}\n```", "    if (a) {\n\n      b();\n    }"],
  ["a rule", "a\n\n***\n\nb", "a\n\n---\n\nb"],
  ["escaped characters", "1\\. \\*a\\* &amp; &#13;b", "1. *a* &  b"],
  [
    "a table",
    "| Item | Price |\n|---|--:|\n| **Tea** | 3 € |\n| 茶 | 12 € |",
    "Item | Price\n-----+------\nTea  |   3 €\n茶   |  12 €",
  ],
  [
    "a wide table",
    `| a | b |\n|---|---|\n| ${"x".repeat(50)} | ${"y".repeat(50)} |`,
    `a | b\n---\n${"x".repeat(50)} | ${"y".repeat(50)}`,
  ],
  ["lines in a cell", "| a |\n|---|\n| one<br>two<BR/>three |", "a\n-----------------\none / two / three"],
  ["<br> at the end of a line", "Ann Lee<br>\nYork<br />UK", "Ann Lee\nYork\nUK"],
  ["a signature below dashes", "Yours,\nAnn\n--\nAnn Lee\n==", "Yours,\nAnn\n--\nAnn Lee\n=="],
  ["a rule below a line", "Ann\n---\nYork", "Ann\n\n---\n\nYork"],
  ["a picture", "![The *hall*](https://x.example/h.png)", "The hall <https://x.example/h.png>"],
  ["a picture without a description", "![](https://x.example/h.png)", "https://x.example/h.png"],
  ["a linked picture", "[![Hall](https://x.example/h.png)](https://x.example)", "Hall <https://x.example>"],
  ["a picture in a data URL", "![Dot](data:image/gif;base64,R0lGOD)", "Dot"],
  ["an empty text", "", ""],
];

test.each(examples)("%s is rendered as typed by hand", (_what, markdown, plain) => {
  expect(markdownToText(markdown)).toBe(plain);
});

/** Extracts the words of HTML, list numbers, and targets that differ from the text of their link. */
function htmlToText(html: string): string {
  let text = "";
  const numbers: (number | undefined)[] = [];
  const links: { start: number; href: string }[] = [];
  const inline = new Set(["a", "em", "strong", "code", "s"]);
  const parser = new Parser({
    onopentag(name, { href, start }) {
      if (!inline.has(name)) text += "\n";
      if (name === "ul" || name === "ol") numbers.push(name === "ol" ? Number(start ?? 1) : undefined);
      if (name === "a") links.push({ start: text.length, href: (href ?? "").replace(/^mailto:/, "") });
      const number = numbers.at(-1);
      if (name === "li" && number !== undefined) {
        text += `${number}. `;
        numbers[numbers.length - 1] = number + 1;
      }
    },
    ontext: (piece) => {
      text += piece;
    },
    onclosetag(name) {
      const link = name === "a" ? links.pop() : undefined;
      if (link && !sameTarget(text.slice(link.start), link.href)) text += ` <${link.href}>`;
      if (name === "ul" || name === "ol") numbers.pop();
      if (!inline.has(name)) text += "\n";
    },
  });
  parser.end(html);
  return text;
}

const { normalizeLink } = new MarkdownIt();
const sameTarget = (text: string, href: string) =>
  [text, `${text}/`].some((target) => normalizeLink(target) === normalizeLink(href));
const wordsOf = (text: string) => text.match(/[\p{L}\p{N}]+/gu) ?? [];

const word = fc.constantFrom(
  "ten",
  "Grüße",
  "two words",
  "3",
  "茶",
  "a_b",
  "x < y",
  "5 * 3",
  "\\*",
  "&amp;",
  "https://x.example/q",
);
const inline = fc.oneof(
  word,
  word.map((text) => `**${text}**`),
  word.map((text) => `*${text}*`),
  word.map((text) => `~~${text}~~`),
  word.map((text) => `\`${text}\``),
  word.map((text) => `[${text}](https://x.example/${text.length})`),
);
const line = fc.array(inline, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(" "));
const { block } = fc.letrec<{ block: string; blocks: string }>((tie) => ({
  block: fc.oneof(
    { maxDepth: 3 },
    line,
    fc.tuple(line, line).map((lines) => lines.join("\n")),
    line.map((text) => `## ${text}`),
    line.map((text) => `\`\`\`\n${text}\n\n  ${text}\n\`\`\``),
    fc.tuple(line, line).map(([a, b]) => `| ${a} | ${b} |\n|---|--:|\n| ${b} | ${a} |`),
    tie("blocks").map((text) => text.replace(/^/gm, "> ")),
    tie("blocks").map((text) => `- ${text.replace(/\n/g, "\n  ")}\n- ${text.split("\n")[0]}`),
    tie("blocks").map((text) => `7. ${text.replace(/\n/g, "\n   ")}\n1. next`),
  ),
  blocks: fc.array(tie("block"), { minLength: 1, maxLength: 3 }).map((texts) => texts.join("\n\n")),
}));
/** Random text of characters with a meaning in Markdown. */
const anything = fc.array(
  fc.constantFrom(..."*_`~[]()<>#-+|\\!&;:.=1a b\n\t".split(""), "\n\n", "    ", "https://x.example", "ä"),
  { maxLength: 60 },
);

test("the text part has the words of the HTML part in the same order (2,000 random emails)", () => {
  const haveEqualWords = (markdown: string) =>
    expect(wordsOf(markdownToText(markdown))).toEqual(wordsOf(htmlToText(markdownToHtml(markdown))));
  fc.assert(fc.property(block, haveEqualWords), { numRuns: 1_000 });
  fc.assert(
    fc.property(anything, (pieces) => haveEqualWords(pieces.join(""))),
    { numRuns: 1_000 },
  );
});
