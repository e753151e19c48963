/**
 * The rendering benchmark: characters of HTML emails before and after rendering, and of their visible words alone, below
 * which no rendering can come. About four characters are one token.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { htmlToMarkdown } from "../src/html/markdown.ts";
import { htmlToWords } from "../src/html/visible-words.ts";
import { toTable } from "./table.ts";

/** Renders every `.html` file of a folder, by default the fixtures of the tests. */
export async function benchRendering(
  folder = join(import.meta.dir, "..", "test", "fixtures", "html"),
): Promise<string> {
  const rows: string[][] = [];
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith(".html"))
    .sort()) {
    const html = await Bun.file(join(folder, name)).text();
    const startedAt = performance.now();
    const text = htmlToMarkdown(html).lines.join("\n");
    const ms = performance.now() - startedAt;
    const share = (part: string) => `${((100 * part.length) / html.length).toFixed(1)} %`;
    rows.push([
      name.replace(/\.html$/, ""),
      String(html.length),
      String(text.length),
      share(text),
      share(htmlToWords(html)),
      ms.toFixed(1),
    ]);
  }
  return toTable(["email", "HTML", "rendered", "share", "words alone", "ms"], rows);
}
