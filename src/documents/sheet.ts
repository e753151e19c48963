/** XLSX (ECMA-376 part 1, section 18): every sheet's cells as they would be read, dates as dates. */
import type { Archive } from "./archive.ts";
import type { DocumentText } from "./document.ts";
import { walkXml } from "./xml.ts";

export const isSheetPart = (name: string) =>
  /^xl\/(workbook\.xml|sharedStrings\.xml|styles\.xml|_rels\/workbook\.xml\.rels|worksheets\/[^/]+\.xml)$/.test(
    name,
  );

const maxCells = 200_000;
const maxColumns = 200;

export function readSheets(archive: Archive): DocumentText {
  const strings = readStrings(archive.text("xl/sharedStrings.xml"));
  const dates = readDateStyles(archive.text("xl/styles.xml"));
  const notes: string[] = [];
  const budget = { cells: maxCells };
  const sheets = sheetsOf(archive).map(({ name, path }) => {
    const rows = readSheet(archive.text(path), strings, dates, budget);
    return `## ${name}\n\n${rows.join("\n") || "(empty)"}`;
  });
  if (budget.cells <= 0) notes.push(`Only the first ${maxCells} cells were read.`);
  return { text: sheets.join("\n\n"), notes };
}

function sheetsOf(archive: Archive): { name: string; path: string }[] {
  const targets = new Map<string, string>();
  walkXml(archive.text("xl/_rels/workbook.xml.rels"), {
    open(name, { Id = "", Target = "" }) {
      if (name === "Relationship") targets.set(Id, Target.replace(/^\/?(xl\/)?/, "xl/"));
    },
  });
  const sheets: { name: string; path: string }[] = [];
  walkXml(archive.text("xl/workbook.xml"), {
    open(name, { name: title = "", id = "", state = "" }) {
      const path = targets.get(id);
      if (name === "sheet" && path) sheets.push({ name: `${title}${state ? ` (${state})` : ""}`, path });
    },
  });
  return sheets;
}

function readStrings(xml: string): string[] {
  const strings: string[] = [];
  let text = "";
  let inText = false;
  let phonetic = false;
  walkXml(xml, {
    open(name) {
      if (name === "si") text = "";
      else if (name === "rPh") phonetic = true;
      else if (name === "t") inText = true;
    },
    text(piece) {
      if (inText && !phonetic) text += piece;
    },
    close(name) {
      if (name === "si") strings.push(text);
      else if (name === "rPh") phonetic = false;
      else if (name === "t") inText = false;
    },
  });
  return strings;
}

/** Which cell styles show a number as a date: the built-in formats and those made of y, m, d, h. */
function readDateStyles(xml: string): boolean[] {
  const custom = new Map<number, boolean>();
  const styles: boolean[] = [];
  let inCells = false;
  walkXml(xml, {
    open(name, { numFmtId = "", formatCode = "" }) {
      const id = Number(numFmtId);
      if (name === "numFmt")
        custom.set(id, /[ymdh]/i.test(formatCode.replace(/"[^"]*"|\[[^\]]*\]|\\./g, "")));
      else if (name === "cellXfs") inCells = true;
      else if (name === "xf" && inCells)
        styles.push(custom.get(id) ?? ((id >= 14 && id <= 22) || (id >= 45 && id <= 47)));
    },
    close(name) {
      if (name === "cellXfs") inCells = false;
    },
  });
  return styles;
}

function readSheet(
  xml: string,
  strings: readonly string[],
  dates: readonly boolean[],
  budget: { cells: number },
): string[] {
  const rows: string[] = [];
  let row: string[] = [];
  let cell = { column: 0, type: "", style: 0, value: "" };
  let reading = false;
  walkXml(xml, {
    open(name, { r = "", t = "", s = "" }) {
      if (name === "row") row = [];
      else if (name === "c")
        cell = { column: toColumn(r) ?? row.length, type: t, style: Number(s) || 0, value: "" };
      else if (name === "v" || name === "t") reading = true;
    },
    text(text) {
      if (reading) cell.value += text;
    },
    close(name) {
      if (name === "v" || name === "t") reading = false;
      else if (name === "c" && cell.column < maxColumns && budget.cells > 0) {
        budget.cells -= 1;
        while (row.length < cell.column) row.push("");
        row[cell.column] = show(cell, strings, dates[cell.style] ?? false);
      } else if (name === "row" && row.some((value) => value !== "")) rows.push(`| ${row.join(" | ")} |`);
    },
  });
  return rows;
}

/** `AB12` -> 27. */
function toColumn(reference: string): number | undefined {
  const letters = /^[A-Z]{1,3}/.exec(reference)?.[0];
  if (!letters) return undefined;
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function show(cell: { type: string; value: string }, strings: readonly string[], isDate: boolean): string {
  const text = cell.type === "s" ? (strings[Number(cell.value)] ?? "") : cell.value;
  if (cell.type === "b") return text === "1" ? "TRUE" : "FALSE";
  if (isDate && cell.type !== "s" && text !== "") return toDate(Number(text)) ?? text;
  return text.replace(/\s+/g, " ").replace(/\|/g, "\\|").trim();
}

/** Days since 1899-12-30, as spreadsheets count. */
function toDate(serial: number): string | undefined {
  if (!Number.isFinite(serial) || serial < 0 || serial > 2_958_466) return undefined;
  const iso = new Date(Math.round((serial - 25_569) * 86_400) * 1000).toISOString();
  if (serial < 1) return iso.slice(11, 16);
  return iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : iso.slice(0, 16);
}
