import { expect, test } from "bun:test";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { limitNesting } from "../../src/html/nesting.ts";
import { bestOf, cpuMsOf } from "../support/own-time.ts";

test("ordinary HTML is not changed", () => {
  const html = `<p>one<p>two<ul><li>a<li>b</ul>${"<td>x".repeat(9_000)}<br/><b>bold</b> 1 < 2 <a href="x>y">z</a>`;
  expect(limitNesting(html)).toBe(html);
});

test("tags beyond the limit are removed, their text stays, and what follows is not changed", () => {
  const html = `${"<div>".repeat(50_000)}deep${"</div>".repeat(50_000)}<b>after</b>`;
  expect(limitNesting(html)).toBe(`${"<div>".repeat(3_000)}deep${"</div>".repeat(3_000)}<b>after</b>`);
});

test("4 MB of opening tags are read in less than two seconds", async () => {
  const html = "<div>".repeat(800_000);
  expect(await bestOf(2_000, () => cpuMsOf(() => htmlToMarkdown(html)))).toBeLessThan(2_000);
});
