/** The comparison of random HTML emails with Chromium, for the short suite and for the long one. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import type { Page } from "playwright-core";
import { compareWithBrowser, comparisonPage } from "./browser-comparison.ts";
import { htmlEmails } from "./generated-html.ts";

/** Markdown numbers the items of a list. */
const isOwnWord = (word: string) => /w\d+x/.test(word);

/** Declares a test for each seed that compares `count` emails, the same ones in each run, and shrinks one that differs. */
export function compareGeneratedEmails(count: number, seeds: readonly number[]): void {
  let page: Page;

  beforeAll(async () => {
    page = await comparisonPage();
  });

  afterAll(() => page.context().close());

  test.each([...seeds])(
    "have the words that Chromium shows, in the same order (seed %i)",
    async (seed) => {
      await fc.assert(
        fc.asyncProperty(htmlEmails, async (html) => {
          const { shown, read } = await compareWithBrowser(page, html);
          expect(read.filter(isOwnWord)).toEqual(shown.filter(isOwnWord));
        }),
        { numRuns: count, seed },
      );
    },
    300_000,
  );
}
