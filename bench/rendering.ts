/**
 * What HTML emails cost before and after rendering, in characters: `bun bench/rendering.ts [folder]`. A model reads
 * about four characters a token.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { htmlToMarkdown } from "../src/mail/html-markdown.ts";

const folder = process.argv[2] ?? join(import.meta.dir, "..", "test", "fixtures", "html");
const rows = [["email", "HTML", "rendered", "share", "ms"]];
for (const name of readdirSync(folder)
  .filter((file) => file.endsWith(".html"))
  .sort()) {
  const html = await Bun.file(join(folder, name)).text();
  const startedAt = performance.now();
  const text = htmlToMarkdown(html).lines.join("\n");
  const ms = performance.now() - startedAt;
  rows.push([
    name.replace(/\.html$/, ""),
    String(html.length),
    String(text.length),
    `${((100 * text.length) / html.length).toFixed(1)} %`,
    ms.toFixed(1),
  ]);
}
const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
for (const row of rows) {
  const line = row.map((cell, column) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
  );
  process.stdout.write(`${line.join("  ")}\n`);
}
