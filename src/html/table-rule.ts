/** The rule for tables: data tables stay tables, layout tables are unrolled in reading order. */
import { type AnyNode, type Element, isTag } from "domhandler";
import type { MarkdownWriter } from "./markdown-writer.ts";
import type { Visit } from "./rendering.ts";
import { type InheritedContext, inheritContext } from "./visibility.ts";

type Cell = { element: Element; isHeading: boolean; lines: string[] };
/** A row, or content that stands between rows, such as a caption. */
type TableItem = { kind: "row"; cells: Cell[] } | { kind: "content"; lines: string[] };

export function renderTable(visit: Visit): void {
  const { writer, element } = visit;
  const items = toItems(visit);
  const rows = items.flatMap((item) => (item.kind === "row" ? [item.cells] : []));
  if (holdsData(element, rows)) writeDataTable(writer, items);
  else
    for (const item of items)
      if (item.kind === "content") writer.lines(item.lines);
      else layOutRow(writer, item.cells);
}

function writeDataTable(writer: MarkdownWriter, items: readonly TableItem[]): void {
  const toColumns = createColumns();
  let hasHead = false;
  writer.newParagraph();
  for (const item of items) {
    if (item.kind === "content") {
      writer.lines(item.lines);
      continue;
    }
    const cells = toColumns(item.cells);
    if (cells.every((cell) => cell === "")) continue;
    writer.lines([`|${cells.map((cell) => (cell === "" ? " " : ` ${cell} `)).join("|")}|`]);
    if (!hasHead) writer.lines([`| ${cells.map(() => "---").join(" | ")} |`]);
    hasHead = true;
  }
  writer.newParagraph();
}

/** Columns past this one are not kept apart. */
const maxColumns = 100;

/**
 * Returns a function that puts the cells of one row after the other into columns; what a cell spans to the right and
 * below stays empty (HTML section 4.9.12.1, forming a table).
 */
function createColumns(): (cells: readonly Cell[]) => string[] {
  /** For each column, the number of further rows that a cell from above occupies. */
  let occupied: number[] = [];
  return (cells) => {
    const next = occupied.map((rows) => Math.max(0, rows - 1));
    const texts: string[] = [];
    for (const { element, lines } of cells) {
      while (texts.length < maxColumns && (occupied[texts.length] ?? 0) > 0) texts.push("");
      const columns = Math.min(spanOf(element, "colspan"), Math.max(1, maxColumns - texts.length));
      for (let column = 0; column < columns; column += 1) {
        if (texts.length < maxColumns) next[texts.length] = spanOf(element, "rowspan") - 1;
        texts.push(column === 0 ? toCellText(lines) : "");
      }
    }
    occupied = next;
    return texts;
  };
}

const spanOf = ({ attribs }: Element, name: "colspan" | "rowspan") =>
  Math.max(1, Number.parseInt(attribs[name] ?? "", 10) || 1);

const toCellText = (lines: readonly string[]) =>
  lines
    .filter((line) => line !== "")
    .join(" / ")
    .replaceAll("|", "\\|");

/** Lines that must start a line of their own: headings, items, quotes, tables. */
const structuredLine = /^(#|- |> |\||\d+\. )/;
/** The most characters that cells beside each other share on one line. */
const maxRowCharacters = 200;
const maxCellLines = 3;

/** True for a few short cells, such as an item and its price, which are read in one glance. */
function fitsOneLine(cells: readonly Cell[]): boolean {
  if (cells.length < 2) return false;
  const lines = cells.flatMap((cell) => withoutLastBlank(cell.lines));
  const characters = lines.reduce((sum, line) => sum + line.length, 0);
  return (
    lines.every((line) => line !== "" && !structuredLine.test(line)) &&
    cells.every((cell) => withoutLastBlank(cell.lines).length <= maxCellLines) &&
    characters <= maxRowCharacters
  );
}

/** Writes a row of a layout table: short cells beside each other, long ones below each other. */
function layOutRow(writer: MarkdownWriter, cells: readonly Cell[]): void {
  const filled = cells.filter((cell) => cell.lines.some((line) => line !== ""));
  writer.newLine();
  if (fitsOneLine(filled)) {
    writer.lines([filled.map((cell) => withoutLastBlank(cell.lines).join(" / ")).join(" | ")]);
    return;
  }
  for (const cell of filled) {
    // A cell with paragraphs is separated from its neighbors.
    const edge = withoutLastBlank(cell.lines).includes("") ? writer.newParagraph : writer.newLine;
    edge();
    writer.lines(cell.lines);
    edge();
  }
}

/** An empty line at the end of a cell separates nothing from the cell beside it. */
function withoutLastBlank(lines: string[]): string[] {
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/** Rows and other content in order, looking through sections and forms. */
function toItems({ rendering, element: table, context, depth }: Visit): TableItem[] {
  const items: TableItem[] = [];
  const walk = (nodes: readonly AnyNode[], outer: InheritedContext): void => {
    for (const node of nodes) {
      if (isTag(node) && /^(thead|tbody|tfoot|tr|form)$/.test(node.name)) {
        const style = rendering.styleOf(node);
        if (rendering.omits(node, style, outer)) continue;
        const inner = inheritContext(node, style, outer);
        if (node.name === "tr")
          items.push({ kind: "row", cells: toCells(rendering, node, inner, depth + 1) });
        else walk(node.children, inner);
      } else {
        const lines = rendering.renderApart([node], outer, depth + 1);
        if (lines.length > 0) items.push({ kind: "content", lines });
      }
    }
  };
  walk(table.children, context);
  return items;
}

function toCells(
  rendering: Visit["rendering"],
  row: Element,
  context: InheritedContext,
  depth: number,
): Cell[] {
  return row.children.flatMap((node): Cell[] => {
    if (!isTag(node) || (node.name !== "td" && node.name !== "th")) {
      const lines = rendering.renderApart([node], context, depth);
      return lines.length > 0 && isTag(node) ? [{ element: node, isHeading: false, lines }] : [];
    }
    const style = rendering.styleOf(node);
    if (rendering.omits(node, style, context)) return [];
    const lines = rendering.renderApart(node.children, inheritContext(node, style, context), depth + 1);
    return [{ element: node, isHeading: node.name === "th", lines }];
  });
}

const maxDataCellLines = 6;

/** True for a regular table with headings, borders or a role of its own. */
function holdsData(table: Element, rows: readonly Cell[][]): boolean {
  if (/presentation|none/.test(table.attribs.role ?? "")) return false;
  const wide = rows.filter((cells) => cells.length > 1);
  if (wide.length < 2 || wide.length < rows.length * 0.6) return false;
  if (rows.some((cells) => cells.some((cell) => cell.lines.length > maxDataCellLines))) return false;
  const hasHeadings = rows.some((cells) => cells.filter((cell) => cell.isHeading).length > 1);
  const hasBorder = Number(table.attribs.border ?? 0) >= 1;
  return hasHeadings || hasBorder || /^(table|grid)$/.test(table.attribs.role ?? "");
}
