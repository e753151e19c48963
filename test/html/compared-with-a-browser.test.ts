/**
 * The words of the markdown are the words that a person sees of the email in Chromium, in the order they are shown.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { browser } from "../support/browser.ts";
import { programs } from "../support/installed.ts";
import { seenText } from "../support/seen.ts";

const folder = join(import.meta.dir, "..", "fixtures", "html");
const names = readdirSync(folder).filter((name) => name.endsWith(".html"));

const toWords = (text: string): string[] =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\u034f|[\u00ad\u200b-\u200f\u2060\ufeff]/g, "")
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** Markdown without what it adds: targets, numbers of lists, marks. */
function ownWords(lines: readonly string[]): string[] {
  const text = lines
    .join("\n")
    .replace(/\[image: ([^\]]*)\]/g, "[$1]")
    .replace(/\]\([^()\s]+(?: #\d+)?\)/g, "] ")
    .replace(/^\(?[^\s()]+ #\d+\)$/gm, "")
    .replace(/^(\s*|> )\d+\. /gm, "$1")
    .replace(/\^(?=\d)|\*\*|~~|\*|`/g, "");
  return toWords(text);
}

/** Length of the longest common subsequence: words that are on both sides in the same order. */
function inCommon(a: readonly string[], b: readonly string[]): number {
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
    // A style sheet from elsewhere keeps a page unrendered until it has failed.
    await page.route("**/*", (route) => route.abort());
  });

  afterAll(() => page.context().close());

  test.each(names)("%s: at least 98 % of the words, on either side, in the same order", async (name) => {
    const html = await Bun.file(join(folder, name)).text();
    // A document that is written anew keeps what the former body said of links.
    await page.goto("about:blank");
    await page.setContent(html, { waitUntil: "load" });
    const shown = toWords(await seenText(page));
    const ours = ownWords(htmlToMarkdown(html).lines);
    const both = inCommon(shown, ours);
    expect({
      seen: both / shown.length >= 0.98,
      ours: both / ours.length >= 0.98,
      missing: shown.filter((word) => !ours.includes(word)).slice(0, 20),
      extra: ours.filter((word) => !shown.includes(word)).slice(0, 20),
    }).toMatchObject({ seen: true, ours: true });
  });

  test("there are at least fifteen, eight of them as large as real newsletters", () => {
    const sizes = names.map((name) => Bun.file(join(folder, name)).size);
    expect(names.length).toBeGreaterThanOrEqual(15);
    expect(sizes.filter((size) => size > 25_000).length).toBeGreaterThanOrEqual(8);
  });
});
