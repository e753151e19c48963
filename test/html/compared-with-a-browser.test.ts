/** The words of the Markdown are the words that a reader sees in Chromium, in the same order. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { browser } from "../support/browser.ts";
import { programs } from "../support/installed.ts";
import { visibleText } from "../support/visible-text.ts";

const folder = join(import.meta.dir, "..", "fixtures", "html");
const names = readdirSync(folder).filter((name) => name.endsWith(".html"));

const toWords = (text: string): string[] =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\u034f|[\u00ad\u200b-\u200f\u2060\ufeff]/g, "")
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** The words of the Markdown without what Markdown adds: targets, list numbers and marks. */
function markdownWords(lines: readonly string[]): string[] {
  const text = lines
    .join("\n")
    .replace(/\[image: ([^\]]*)\]/g, "[$1]")
    .replace(/\]\([^()\s]+(?: #\d+)?\)/g, "] ")
    .replace(/^\(?[^\s()]+ #\d+\)$/gm, "")
    .replace(/^(\s*|> )\d+\. /gm, "$1")
    .replace(/\^(?=\d)|\*\*|~~|\*|`/g, "");
  return toWords(text);
}

/** The length of the longest common subsequence. */
function commonLength(a: readonly string[], b: readonly string[]): number {
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    const next = new Uint32Array(b.length + 1);
    b.forEach((other, at) => {
      next[at + 1] = word === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0);
    });
    row = next;
  }
  return row[b.length] ?? 0;
}

describe.skipIf(!programs.chromium)("what a person sees of an HTML email", () => {
  let page: Page;

  beforeAll(async () => {
    const context = await (await browser()).newContext({
      viewport: { width: 1024, height: 768 },
      javaScriptEnabled: false,
      offline: true,
    });
    page = await context.newPage();
    // Chromium renders nothing before a remote style sheet has failed to load.
    await page.route("**/*", (route) => route.abort());
  });

  afterAll(() => page.context().close());

  test.each(names)(
    "%s: at least 98 % of the words of either side are on both sides, in the same order",
    async (name) => {
      const html = await Bun.file(join(folder, name)).text();
      // setContent alone keeps the link colors of the previous body.
      await page.goto("about:blank");
      await page.setContent(html, { waitUntil: "load" });
      const shown = toWords(await visibleText(page));
      const ours = markdownWords(htmlToMarkdown(html).lines);
      const both = commonLength(shown, ours);
      expect({
        seen: both / shown.length >= 0.98,
        ours: both / ours.length >= 0.98,
        missing: shown.filter((word) => !ours.includes(word)).slice(0, 20),
        extra: ours.filter((word) => !shown.includes(word)).slice(0, 20),
      }).toMatchObject({ seen: true, ours: true });
    },
  );

  test("there are at least fifteen fixtures, eight of them as large as real newsletters", () => {
    const sizes = names.map((name) => Bun.file(join(folder, name)).size);
    expect(names.length).toBeGreaterThanOrEqual(15);
    expect(sizes.filter((size) => size > 25_000).length).toBeGreaterThanOrEqual(8);
  });
});
