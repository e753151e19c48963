/** The cells of one sheet of an XLSX file, row by row. */

import { relationsOf } from "../relationships.ts";
import { hiddenColumnsLine, hiddenRow, toLetters, toPlace } from "../spreadsheet-columns.ts";
import { walkXml, type Xml } from "../xml.ts";
import type { Archive } from "../zip-archive.ts";
import { type NumberFormat, plainFormat } from "./number-format.ts";

export const maxColumns = 200;
const maxFormula = 300;
/** Days between the two first days that workbooks count from. */
const daysTo1904 = 1462;

export type Book = {
  strings: readonly string[];
  formats: readonly NumberFormat[];
  isFrom1904: boolean;
  /** Characters that may still be read, of all sheets together. */
  left: number;
  cutColumns: boolean;
};

type Row = { cells: string[]; hidden: boolean };
type Cell = { column: number; type: string; style: number; value: string; formula: string };

/** Lines of a table; what is hidden is marked, links and comments stand in the cells they are of. */
export function readCells(archive: Archive, path: string, book: Book): string[] {
  const links = relationsOf(archive, path);
  const targets = new Map(links.map(({ id, target }) => [id, target]));
  const rows = new Map<number, Row>();
  const hiddenColumns: string[] = [];
  let row: Row = { cells: [], hidden: false };
  let number = 0;
  let cell: Cell = { column: 0, type: "", style: 0, value: "", formula: "" };
  let reading: "value" | "formula" | undefined;

  function add(reference: string, text: string): void {
    const { column, line } = toPlace(reference);
    if (column === undefined || column >= maxColumns || book.left <= 0) return;
    const found = rows.get(line) ?? { cells: [], hidden: false };
    rows.set(line, found);
    book.left -= text.length;
    put(found.cells, column, `${found.cells[column] ?? ""} ${text}`.trim());
  }

  walkXml(archive.xml(path), {
    isDone: () => book.left <= 0,
    open(name, { r = "", t = "", s = "", hidden = "", min = "", max = "", ref = "", id = "" }) {
      if (name === "row") {
        number = Number(r) || number + 1;
        row = { cells: [], hidden: isTrue(hidden) };
      } else if (name === "c") {
        const { column = row.cells.length } = toPlace(r);
        cell = { column, type: t, style: Number(s) || 0, value: "", formula: "" };
      } else if (name === "v" || name === "t") reading = "value";
      else if (name === "f") reading = "formula";
      else if (name === "rPh") reading = undefined;
      else if (name === "col" && isTrue(hidden)) hiddenColumns.push(toLetters(Number(min), Number(max)));
      else if (name === "hyperlink" && targets.has(id)) add(ref, `(${targets.get(id)})`);
    },
    text(text) {
      if (reading === "value") cell.value += text;
      else if (reading === "formula" && cell.formula.length < maxFormula) cell.formula += text;
    },
    close(name) {
      if (name === "v" || name === "t" || name === "f") reading = undefined;
      else if (name === "c") {
        if (cell.column >= maxColumns) book.cutColumns = true;
        else if (book.left > 0) {
          const text = show(cell, book);
          if (text !== "") put(row.cells, cell.column, text);
          if (text !== "") book.left -= text.length + 3;
        }
      } else if (name === "row" && row.cells.length > 0) rows.set(number, row);
    },
  });
  for (const { kind, target } of links)
    if (kind === "comments") for (const [ref, text] of readComments(archive.xml(target))) add(ref, text);
  const lines = [...rows.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, { cells, hidden }]) => `| ${[...cells, ...(hidden ? [hiddenRow] : [])].join(" | ")} |`);
  if (hiddenColumns.length === 0 || lines.length === 0) return lines;
  return [...lines, "", hiddenColumnsLine(hiddenColumns)];
}

function show({ type, value, style, formula }: Cell, { strings, formats, isFrom1904 }: Book): string {
  if (type === "b") return value === "1" ? "TRUE" : "FALSE";
  // Written by a program that does not reckon: there is no value yet.
  if (value === "" && formula !== "") return oneLine(`=${formula}`);
  if (type === "s") return oneLine(strings[Number(value)] ?? "");
  if (type !== "" && type !== "n") return oneLine(value);
  const format = formats[style] ?? plainFormat;
  const isDay = isFrom1904 && format.isDay && value !== "";
  return oneLine(format.show(isDay ? String(Number(value) + daysTo1904) : value));
}

/** Who said what, by cell. Excel repeats a conversation as one comment, with a line of its own before it. */
function readComments(xml: Xml): [string, string][] {
  const authors: string[] = [];
  const comments: [string, string][] = [];
  let ref = "";
  let author = "";
  let text = "";
  let inside: "author" | "text" | undefined;
  walkXml(xml, {
    open(name, attributes) {
      if (name === "author" || name === "text") {
        inside = name;
        text = "";
      } else if (name === "comment") {
        ref = attributes.ref ?? "";
        author = authors[Number(attributes.authorId)] ?? "";
      }
    },
    text(piece) {
      if (inside) text += piece;
    },
    close(name) {
      if (name === "author") authors.push(text.startsWith("tc={") ? "" : text.trim());
      else if (name === "text") {
        const said = oneLine(text.replace(/^\[Threaded comment\].*?\n\s*Comment:\s*/s, ""));
        comments.push([ref, `[comment${author ? ` by ${author}` : ""}: ${said}]`]);
      }
      if (name === inside) inside = undefined;
    },
  });
  return comments;
}

function put(cells: string[], column: number, text: string): void {
  while (cells.length < column) cells.push("");
  cells[column] = text;
}

const oneLine = (text: string) => text.replace(/\s+/g, " ").replace(/\|/g, "\\|").trim();
const isTrue = (value: string) => value === "1" || value === "true";
