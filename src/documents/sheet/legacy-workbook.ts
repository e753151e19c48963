/**
 * Workbooks in formats other than XLSX, parsed by SheetJS: .xls (MS-XLS, and the versions of Excel before it), .xlsb
 * (MS-XLSB), SYLK and DIF. Their cells look as those of XLSX.
 */
import { type CellObject, type DenseWorkSheet, read, set_cptable, type WorkBook } from "@e965/xlsx";
import { decodeAllInCodePage, decodeUtf8OrWindows1252 } from "../code-page.ts";
import { type DocumentText, maxTextCharacters, toNotes } from "../document-text.ts";
import { toComment } from "../inline-marks.ts";
import { escapeCell, toColumnRange, toHiddenColumnsLine } from "../spreadsheet-cells.ts";
import { formatValue, type NumberFormat, plainFormat, toNumberFormat } from "./number-format.ts";
import { createRows, maxColumns, type SheetRow } from "./rows.ts";

const maxRows = 100_000;

type WorkbookFormat = "binary" | "SYLK" | "DIF";

/** Throws when the file is damaged. */
export function readLegacyWorkbook(bytes: Uint8Array, format: WorkbookFormat): DocumentText {
  const workbook = openWorkbook(bytes, format);
  if (!workbook) return { text: "", notes: ["The workbook is protected by a password."] };
  if (workbook.SheetNames.length === 0) throw new Error("a workbook without sheets");
  const numberFormats = new Map<unknown, NumberFormat>();
  const isFrom1904 = workbook.Workbook?.WBProps?.date1904 === true;
  const texts: string[] = [];
  const notes = new Set<string>();
  let remainingCharacters = maxTextCharacters;
  for (const [at, name] of workbook.SheetNames.entries()) {
    const sheet = workbook.Sheets[name];
    const isHidden = (workbook.Workbook?.Sheets?.[at]?.Hidden ?? 0) !== 0;
    const heading = format !== "binary" ? "" : `## ${name}${isHidden ? " (hidden)" : ""}\n\n`;
    if (!sheet || remainingCharacters <= 0) {
      texts.push(`${heading}(not read)`);
      continue;
    }
    const { lines, ...rest } = readSheet(sheet as DenseWorkSheet, {
      format,
      numberFormats,
      isFrom1904,
      maxCharacters: remainingCharacters,
    });
    remainingCharacters = rest.remainingCharacters;
    if (rest.hasCutColumns) notes.add(`Only the first ${maxColumns} columns of each row were read.`);
    if (sheet["!fullref"]) notes.add(`Only the first ${maxRows} rows of each sheet were read.`);
    texts.push(`${heading}${lines.join("\n") || (sheet["!type"] === "chart" ? "(a chart)" : "(empty)")}`);
  }
  return {
    text: texts.join("\n\n"),
    notes: [...toNotes({ isCut: remainingCharacters <= 0 }), ...notes],
  };
}

/**
 * A column or row that no program has, up to which SheetJS would fill the sheet; a semicolon that belongs to a text is
 * doubled.
 */
const beyondLastCell = /(?<!;);(X\d{6}|Y\d{8})/;

/** Undefined when a password is needed. */
function openWorkbook(bytes: Uint8Array, format: WorkbookFormat): WorkBook | undefined {
  // SheetJS asks for its own code page tables otherwise, which are half a megabyte.
  set_cptable({ utils: { decode: decodeForSheetJs, encode: () => [] } });
  const options = { dense: true, cellNF: true, cellStyles: true, sheetRows: maxRows };
  try {
    if (format === "binary") return read(bytes, { ...options, type: "array" });
    const text = decodeUtf8OrWindows1252(bytes);
    if (format === "SYLK" && beyondLastCell.test(text))
      throw new Error("a cell beyond the last column or row");
    return read(text, { ...options, type: "string", raw: true });
  } catch (error) {
    if (error instanceof Error && /password|encrypt/i.test(error.message)) return undefined;
    throw error;
  }
}

/** `bytes` may be a string with a character for each of them. */
const decodeForSheetJs = (codePage: number, bytes: ArrayLike<number> | string) =>
  decodeAllInCodePage(
    typeof bytes === "string" ? Buffer.from(bytes, "latin1") : Uint8Array.from(bytes),
    codePage,
  );

type Reading = {
  format: WorkbookFormat;
  /** By format code. */
  numberFormats: Map<unknown, NumberFormat>;
  isFrom1904: boolean;
  maxCharacters: number;
};

function readSheet(sheet: DenseWorkSheet, reading: Reading) {
  const rows = createRows(reading.maxCharacters);
  let hasCutColumns = false;
  // Rows and cells without content are holes, which forEach skips.
  const cellRows: readonly (readonly CellObject[] | undefined)[] = sheet["!data"] ?? [];
  cellRows.forEach((cells, at) => {
    if (rows.isFull() || !cells) return;
    const row: SheetRow = { cells: [], isHidden: sheet["!rows"]?.[at]?.hidden === true };
    cells.forEach((cell, column) => {
      if (column >= maxColumns) hasCutColumns = true;
      else if (cell && !rows.isFull()) rows.setCell(row, column, showCell(cell, reading));
    });
    rows.addRow(at, row);
  });
  const lines = rows.toLines();
  const columns: readonly ({ hidden?: boolean } | undefined)[] = sheet["!cols"] ?? [];
  const hidden = columns.flatMap((column, at) => (column?.hidden ? [at + 1] : []));
  if (hidden.length > 0 && lines.length > 0) {
    const ranges = toRanges(hidden.slice(0, maxColumns)).map(([first, last]) => toColumnRange(first, last));
    lines.push("", toHiddenColumnsLine(ranges));
  }
  return { lines, remainingCharacters: rows.remainingCharacters(), hasCutColumns };
}

/** Error values (MS-XLS section 2.5.10). */
const errors = new Map<unknown, string>([
  [0x00, "#NULL!"],
  [0x07, "#DIV/0!"],
  [0x0f, "#VALUE!"],
  [0x17, "#REF!"],
  [0x1d, "#NAME?"],
  [0x24, "#NUM!"],
  [0x2a, "#N/A"],
]);

/** The value with its link and comments. */
function showCell(cell: CellObject, reading: Reading): string {
  const target = cell.l?.Target ?? "";
  return [
    showValue(cell, reading),
    target !== "" && !target.startsWith("#") ? `(${escapeCell(target)})` : "",
    ...(cell.c ?? []).map(({ a = "", t = "" }) => toComment(a, escapeCell(t))),
  ]
    .filter((piece) => piece !== "")
    .join(" ");
}

function showValue({ t: type, v: value, w: shown, z: code }: CellObject, reading: Reading): string {
  if (type === "b") return value ? "TRUE" : "FALSE";
  if (type === "e") return shown ?? errors.get(value) ?? "#ERROR!";
  if (value === undefined || value === null) return "";
  if (type !== "n") {
    // SheetJS leaves the texts of DIF in UTF-8.
    const text = String(value);
    return escapeCell(reading.format === "DIF" ? Buffer.from(text, "latin1").toString() : text);
  }
  return escapeCell(formatValue(String(value), formatOf(code, reading.numberFormats), reading.isFrom1904));
}

function formatOf(code: unknown, formats: Map<unknown, NumberFormat>): NumberFormat {
  const known = formats.get(code);
  if (known) return known;
  const format = typeof code === "string" ? toNumberFormat(code) : plainFormat;
  formats.set(code, format);
  return format;
}

/** Joins neighbors: 1, 2, 4 as 1-2, 4-4. */
function toRanges(numbers: readonly number[]): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}
