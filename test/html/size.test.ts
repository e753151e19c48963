/** The length of the Markdown of newsletters against that of their HTML. */
import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { htmlToWords } from "../../src/html/visible-words.ts";

const folder = join(import.meta.dir, "..", "fixtures", "html");
const names = readdirSync(folder).filter((name) => /^newsletter-.*\.html$/.test(name));

async function shareOf(name: string): Promise<number> {
  const html = await Bun.file(join(folder, name)).text();
  return Buffer.byteLength(htmlToMarkdown(html).lines.join("\n")) / Buffer.byteLength(html);
}

test("a newsletter made from a template takes at most 10 % of its HTML, 5 % in the median", async () => {
  const shares = (await Promise.all(names.map(shareOf))).sort((a, b) => a - b);
  expect(shares.length).toBeGreaterThanOrEqual(8);
  expect(shares.at(-1)).toBeLessThanOrEqual(0.1);
  expect(shares[Math.floor(shares.length / 2)]).toBeLessThanOrEqual(0.05);
});

/** The words that people read of a long email take more than 10 % of its HTML by itself, without a link or a heading. */
const large = readdirSync(folder).filter(
  (name) => name.endsWith(".html") && statSync(join(folder, name)).size > 15_000,
);

test.each(large)("Markdown adds at most 2.5 %% of the HTML to the words that are read: %s", async (name) => {
  const html = await Bun.file(join(folder, name)).text();
  const words = Buffer.byteLength(htmlToWords(html)) / Buffer.byteLength(html);
  expect((await shareOf(name)) - words).toBeLessThanOrEqual(0.025);
});

test("a long link target costs its host, its number and five characters", () => {
  const target = `https://click.example.test/${"x".repeat(300)}`;
  expect(htmlToMarkdown(`<a href="${target}">Read more</a>`).lines).toEqual([
    "[Read more](click.example.test #1)",
  ]);
});
