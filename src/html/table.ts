/** Tables: those that hold data stay tables, those that only lay out the page are unrolled in reading order. */
import { type AnyNode, type Element, isTag } from "domhandler";
import type { Rendering } from "./markdown.ts";
import type { MarkdownWriter } from "./markdown-writer.ts";
import { into, type Surroundings } from "./visible.ts";

type Cell = { element: Element; heading: boolean; lines: string[] };
type Item = { kind: "row"; cells: Cell[] } | { kind: "other"; lines: string[] };

/** Cells beside each other on one line are at most this long together. */
const besideCharacters = 200;

export function renderTable(
  rendering: Rendering,
  writer: MarkdownWriter,
  table: Element,
  around: Surroundings,
  depth: number,
): void {
  const items = toItems(rendering, table, around, depth);
  const rows = items.flatMap((item) => (item.kind === "row" ? [item.cells] : []));
  const data = holdsData(table, rows);
  if (data) writer.newParagraph();
  const place = createColumns();
  let headed = false;
  for (const item of items) {
    if (item.kind === "other") writer.lines(item.lines);
    else if (data) {
      const cells = place(item.cells);
      if (cells.every((cell) => cell === "")) continue;
      writer.lines([`|${cells.map((cell) => (cell === "" ? " " : ` ${cell} `)).join("|")}|`]);
      if (!headed) writer.lines([`| ${cells.map(() => "---").join(" | ")} |`]);
      headed = true;
    } else layOut(writer, item.cells);
  }
  if (data) writer.newParagraph();
}

/** Columns that are told apart: where a cell spans beyond them, its neighbours are not moved. */
const maxColumns = 100;

/**
 * Puts the cells of a row, one row after the other, into the columns they stand in: what a cell spans beside and below
 * it is empty (HTML section 4.9.12, forming a table).
 */
function createColumns(): (cells: readonly Cell[]) => string[] {
  /** For each column, in how many further rows a cell from above stands in it. */
  let taken: number[] = [];
  return (cells) => {
    const next = taken.map((rows) => Math.max(0, rows - 1));
    const texts: string[] = [];
    for (const { element, lines } of cells) {
      while (texts.length < maxColumns && (taken[texts.length] ?? 0) > 0) texts.push("");
      const span = (name: string) => Math.max(1, Number.parseInt(element.attribs[name] ?? "", 10) || 1);
      const wide = Math.min(span("colspan"), Math.max(1, maxColumns - texts.length));
      for (let column = 0; column < wide; column += 1) {
        if (texts.length < maxColumns) next[texts.length] = span("rowspan") - 1;
        texts.push(column === 0 ? toText(lines) : "");
      }
    }
    taken = next;
    return texts;
  };
}

const toText = (lines: readonly string[]) =>
  lines
    .filter((line) => line !== "")
    .join(" / ")
    .replace(/\|/g, "\\|");

const ownLine = /^(#|- |> |\||\d+\. )/;

/** Cells of a few short lines are a row a person takes in at one glance, such as an item and its price. */
function isGlance(cells: readonly Cell[]): boolean {
  if (cells.length < 2) return false;
  const lines = cells.flatMap((cell) => withoutLastBlank(cell.lines));
  const plain = lines.every((line) => line !== "" && !ownLine.test(line));
  const length = lines.reduce((sum, line) => sum + line.length, 0);
  return (
    plain && cells.every((cell) => withoutLastBlank(cell.lines).length <= 3) && length <= besideCharacters
  );
}

/** One row of a layout table: short cells beside each other, long ones below each other. */
function layOut(writer: MarkdownWriter, cells: readonly Cell[]): void {
  const filled = cells.filter((cell) => cell.lines.some((line) => line !== ""));
  writer.newLine();
  if (isGlance(filled))
    writer.lines([filled.map((cell) => withoutLastBlank(cell.lines).join(" / ")).join(" | ")]);
  else
    for (const cell of filled) {
      // What has paragraphs of its own is not a paragraph with its neighbours.
      const edge = withoutLastBlank(cell.lines).includes("") ? writer.newParagraph : writer.newLine;
      edge();
      writer.lines(cell.lines);
      edge();
    }
}

/** Rows in order, and what stands between them, through sections, forms and other wrappers. */
function toItems(rendering: Rendering, table: Element, around: Surroundings, depth: number): Item[] {
  const items: Item[] = [];
  const walk = (nodes: readonly AnyNode[], here: Surroundings): void => {
    for (const node of nodes) {
      if (isTag(node) && /^(thead|tbody|tfoot|tr|form)$/.test(node.name)) {
        const style = rendering.styleOf(node);
        if (rendering.gone(node, style)) continue;
        const inside = into(node, style, here);
        if (node.name === "tr") items.push({ kind: "row", cells: toCells(rendering, node, inside, depth) });
        else walk(node.children, inside);
      } else {
        const lines = rendering.apart([node], here, depth);
        if (lines.length > 0) items.push({ kind: "other", lines });
      }
    }
  };
  walk(table.children, around);
  return items;
}

/** Cells stand beside each other: an empty line after one of them separates nothing. */
function withoutLastBlank(lines: string[]): string[] {
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function toCells(rendering: Rendering, row: Element, around: Surroundings, depth: number): Cell[] {
  return row.children.flatMap((node): Cell[] => {
    if (!isTag(node) || (node.name !== "td" && node.name !== "th")) {
      const lines = rendering.apart([node], around, depth);
      return lines.length > 0 && isTag(node) ? [{ element: node, heading: false, lines }] : [];
    }
    const style = rendering.styleOf(node);
    if (rendering.gone(node, style)) return [];
    const lines = rendering.apart(node.children, into(node, style, around), depth + 1);
    return [{ element: node, heading: node.name === "th", lines }];
  });
}

/** A table of data says so: headings of its own, or borders; and it is regular. */
function holdsData(table: Element, rows: readonly Cell[][]): boolean {
  if (/presentation|none/.test(table.attribs.role ?? "")) return false;
  const wide = rows.filter((cells) => cells.length > 1);
  if (wide.length < 2 || wide.length < rows.length * 0.6) return false;
  const nested = rows.some((cells) => cells.some((cell) => cell.lines.length > 6));
  if (nested) return false;
  const headings = rows.some((cells) => cells.filter((cell) => cell.heading).length > 1);
  const bordered = Number(table.attribs.border ?? 0) >= 1;
  return headings || bordered || /^(table|grid)$/.test(table.attribs.role ?? "");
}
