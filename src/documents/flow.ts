/** Running text with headings, lists and tables, as office formats describe it, put together as markdown. */

export function createFlow() {
  const blocks: string[] = [];
  let line = "";
  let prefix = "";
  /** Cells of the row under construction, of tables within tables the innermost. */
  const tables: { rows: string[][]; cell: string[] | undefined }[] = [];

  function endParagraph(): void {
    const text = line.replace(/[ \t]+\n/g, "\n").trim();
    line = "";
    const marked = prefix + text;
    prefix = "";
    if (text === "") return;
    const cell = tables.at(-1)?.cell;
    if (cell) cell.push(text);
    else blocks.push(marked);
  }

  return {
    text: (text: string) => {
      line += text;
    },
    /** What stands before the paragraph: "## " or "- ". */
    mark: (text: string) => {
      prefix = text;
    },
    endParagraph,
    openTable: () => {
      endParagraph();
      tables.push({ rows: [], cell: undefined });
    },
    openRow: () => tables.at(-1)?.rows.push([]),
    openCell: () => {
      const table = tables.at(-1);
      if (table) table.cell = [];
    },
    closeCell: () => {
      endParagraph();
      const table = tables.at(-1);
      table?.rows.at(-1)?.push((table.cell ?? []).join(" / ").replace(/\|/g, "\\|"));
      if (table) table.cell = undefined;
    },
    closeTable: () => {
      const table = tables.pop();
      const rows = (table?.rows ?? []).filter((row) => row.some((cell) => cell !== ""));
      const text = rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
      const outer = tables.at(-1)?.cell;
      if (outer) outer.push(rows.map((row) => row.join(", ")).join("; "));
      else if (text) blocks.push(text);
    },
    finish: () => {
      endParagraph();
      return blocks.join("\n\n");
    },
  };
}
