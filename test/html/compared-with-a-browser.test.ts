/** The words of the Markdown are the words that a reader sees in Chromium, in the same order. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { compareWithBrowser, comparisonPage } from "../support/browser-comparison.ts";
import { programs } from "../support/installed.ts";

const folder = join(import.meta.dir, "..", "fixtures", "html");
const names = readdirSync(folder).filter((name) => name.endsWith(".html"));

describe.skipIf(!programs.chromium)("what a person sees of an HTML email", () => {
  let page: Page;

  beforeAll(async () => {
    page = await comparisonPage();
  });

  afterAll(() => page.context().close());

  test.each(names)(
    "%s: at least 98 % of the words of either side are on both sides, in the same order",
    async (name) => {
      const html = await Bun.file(join(folder, name)).text();
      const { shown, read, common } = await compareWithBrowser(page, html);
      expect({
        // An email of pictures has no words on either side.
        seen: common >= 0.98 * shown.length,
        read: common >= 0.98 * read.length,
        missing: shown.filter((word) => !read.includes(word)).slice(0, 20),
        extra: read.filter((word) => !shown.includes(word)).slice(0, 20),
      }).toMatchObject({ seen: true, read: true });
    },
  );

  test("there are at least fifteen fixtures, eight of them as large as real newsletters", () => {
    const sizes = names.map((name) => Bun.file(join(folder, name)).size);
    expect(names.length).toBeGreaterThanOrEqual(15);
    expect(sizes.filter((size) => size > 25_000).length).toBeGreaterThanOrEqual(8);
  });
});
