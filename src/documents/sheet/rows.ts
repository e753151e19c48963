/** The rows of a sheet as lines of a Markdown table, within a limit of characters. */
import { hiddenRowMark, parseCellReference } from "../spreadsheet-cells.ts";

export const maxColumns = 200;

export type SheetRow = { cells: string[]; isHidden: boolean };

const toTableLine = ({ cells, isHidden }: SheetRow) =>
  `| ${(isHidden ? [...cells, hiddenRowMark] : cells).join(" | ")} |`;

/** Rows by number, filled within a limit of characters. */
export function createRows(maxCharacters: number) {
  const rows = new Map<number, SheetRow>();
  let remainingCharacters = maxCharacters;
  return {
    remainingCharacters: () => remainingCharacters,
    isFull: () => remainingCharacters <= 0,
    /** Sets the text of a cell in a row that is being read. */
    setCell(row: SheetRow, column: number, text: string): void {
      if (text === "") return;
      putText(row.cells, column, text);
      remainingCharacters -= text.length + 3;
    },
    addRow(number: number, row: SheetRow): void {
      if (row.cells.length > 0) rows.set(number, row);
    },
    /** Appends a link or comment to a cell, which may be empty. */
    appendToCell(reference: string, text: string): void {
      const { column, row: number } = parseCellReference(reference);
      if (column === undefined || column >= maxColumns || remainingCharacters <= 0) return;
      const row = rows.get(number) ?? { cells: [], isHidden: false };
      rows.set(number, row);
      remainingCharacters -= text.length;
      putText(row.cells, column, `${row.cells[column] ?? ""} ${text}`.trim());
    },
    toLines: () => [...rows.entries()].sort(([a], [b]) => a - b).map(([, row]) => toTableLine(row)),
  };
}

function putText(cells: string[], column: number, text: string): void {
  while (cells.length < column) cells.push("");
  cells[column] = text;
}
