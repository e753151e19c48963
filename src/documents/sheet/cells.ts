/** The cells of one sheet of an XLSX file, as rows of a Markdown table. */
import { readRelationships, targetsById } from "../relationships.ts";
import { escapeCell, parseCellReference, toColumnRange, toHiddenColumnsLine } from "../spreadsheet-cells.ts";
import { walkXml } from "../xml.ts";
import type { ZipArchive } from "../zip-archive.ts";
import { readCellComments } from "./comments.ts";
import { formatValue, type NumberFormat, plainFormat } from "./number-format.ts";
import { createRows, maxColumns, type SheetRow } from "./rows.ts";

const maxFormulaCharacters = 300;

export type Workbook = {
  /** The shared string table. */
  strings: readonly string[];
  /** Number formats by cell style. */
  formats: readonly NumberFormat[];
  isFrom1904: boolean;
};

type SheetText = {
  lines: string[];
  remainingCharacters: number;
  /** True when a row has more than `maxColumns` cells. */
  hasCutRows: boolean;
};

type SheetCell = { column: number; type: string; style: number; value: string; formula: string };

/** Marks hidden rows and columns, and appends links and comments to their cells. Throws when the sheet is damaged. */
export function readSheet(
  archive: ZipArchive,
  part: string,
  workbook: Workbook,
  maxCharacters: number,
): SheetText {
  const relationships = readRelationships(archive, part);
  const targets = targetsById(relationships);
  const rows = createRows(maxCharacters);
  const hiddenColumns: string[] = [];
  let row: SheetRow = { cells: [], isHidden: false };
  let rowNumber = 0;
  let cell: SheetCell = { column: 0, type: "", style: 0, value: "", formula: "" };
  let reading: "value" | "formula" | undefined;
  let hasCutRows = false;

  walkXml(archive.xml(part), {
    isDone: rows.isFull,
    open(name, { r = "", t = "", s = "", hidden = "", min = "", max = "", ref = "", id = "" }) {
      if (name === "row") {
        rowNumber = Number(r) || rowNumber + 1;
        row = { cells: [], isHidden: isTrue(hidden) };
      } else if (name === "c") {
        const { column = row.cells.length } = parseCellReference(r);
        cell = { column, type: t, style: Number(s) || 0, value: "", formula: "" };
      } else if (name === "v" || name === "t") reading = "value";
      else if (name === "f") reading = "formula";
      // A phonetic hint inside an inline string.
      else if (name === "rPh") reading = undefined;
      else if (name === "col" && isTrue(hidden)) hiddenColumns.push(toColumnRange(Number(min), Number(max)));
      else if (name === "hyperlink" && targets.has(id)) rows.appendToCell(ref, `(${targets.get(id)})`);
    },
    text(text) {
      if (reading === "value") cell.value += text;
      else if (reading === "formula" && cell.formula.length < maxFormulaCharacters) cell.formula += text;
    },
    close(name) {
      if (name === "v" || name === "t" || name === "f") reading = undefined;
      else if (name === "c" && cell.column >= maxColumns) hasCutRows = true;
      else if (name === "c" && !rows.isFull()) rows.setCell(row, cell.column, toCellText(cell, workbook));
      else if (name === "row") rows.addRow(rowNumber, row);
    },
  });
  for (const { kind, target } of relationships)
    if (kind === "comments")
      for (const [reference, text] of readCellComments(archive.xml(target)))
        rows.appendToCell(reference, text);
  const lines = rows.toLines();
  if (hiddenColumns.length > 0 && lines.length > 0) lines.push("", toHiddenColumnsLine(hiddenColumns));
  return { lines, remainingCharacters: rows.remainingCharacters(), hasCutRows };
}

/** Formats a value by its type (section 18.18.11) and style. */
function toCellText({ type, value, style, formula }: SheetCell, workbook: Workbook): string {
  if (type === "b") return value === "1" ? "TRUE" : "FALSE";
  // Programs that do not calculate write formulas without a value.
  if (value === "" && formula !== "") return escapeCell(`=${formula}`);
  if (type === "s") return escapeCell(workbook.strings[Number(value)] ?? "");
  if (type !== "" && type !== "n") return escapeCell(value);
  const format = workbook.formats[style] ?? plainFormat;
  return escapeCell(formatValue(value, format, workbook.isFrom1904));
}

const isTrue = (value: string) => value === "1" || value === "true";
