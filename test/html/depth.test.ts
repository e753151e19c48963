import { expect, test } from "bun:test";
import { flatten } from "../../src/html/depth.ts";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { bestOf, cpuMsOf } from "../support/own-time.ts";

test("HTML as people send it is left as it is", () => {
  const html = `<p>one<p>two<ul><li>a<li>b</ul>${"<td>x".repeat(9_000)}<br/><b>bold</b> 1 < 2 <a href="x>y">z</a>`;
  expect(flatten(html)).toBe(html);
});

test("what is nested too deep loses its tags and keeps its text, and what comes after is as it was", () => {
  const html = `${"<div>".repeat(50_000)}deep${"</div>".repeat(50_000)}<b>after</b>`;
  expect(flatten(html)).toBe(`${"<div>".repeat(3_000)}deep${"</div>".repeat(3_000)}<b>after</b>`);
});

test("4 MB of opening tags are read in less than two seconds", async () => {
  const html = "<div>".repeat(800_000);
  expect(await bestOf(2_000, () => cpuMsOf(() => htmlToMarkdown(html)))).toBeLessThan(2_000);
});
