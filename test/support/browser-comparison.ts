/** The words of our Markdown against the words that a reader sees in Chromium. */
import type { Page } from "playwright-core";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { browser } from "./browser.ts";
import { visibleText } from "./visible-text.ts";

/** A page that runs no scripts and loads nothing; close its context at the end. */
export async function comparisonPage(): Promise<Page> {
  const context = await (await browser()).newContext({
    viewport: { width: 1024, height: 768 },
    javaScriptEnabled: false,
    offline: true,
  });
  const page = await context.newPage();
  // Chromium renders nothing before a remote style sheet has failed to load.
  await page.route("**/*", (route) => route.abort());
  return page;
}

/** `shown` and `read`: the words in Chromium and in the Markdown; `common`: how many both have, in the same order. */
export type WordComparison = { shown: string[]; read: string[]; common: number };

export async function compareWithBrowser(page: Page, html: string): Promise<WordComparison> {
  // setContent alone keeps the link colors of the previous body.
  await page.goto("about:blank");
  await page.setContent(html, { waitUntil: "load" });
  const shown = toWords(await visibleText(page));
  const read = markdownWords(htmlToMarkdown(html).lines);
  return { shown, read, common: commonLength(shown, read) };
}

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
    .replace(/\[image: ([^\]]*)\](?:\([^()\s]+(?: #\d+)?\))?/g, " $1 ")
    .replace(/\[((?:[^[\]]|\[[^[\]]*\])*)\]\([^()\s]+(?: #\d+)?\)/g, "$1")
    .replace(/\(https?:\/\/[^()\s]+\)/g, " ")
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
