/** Cell references, column names and cell text of spreadsheets. */

/** Parses `AB12` to column 27, from zero, and row 12, from one; of a range the first cell. */
export function parseCellReference(reference: string): { column: number | undefined; row: number } {
  const [, name = "", row = ""] = /^([A-Z]{1,3})(\d{1,7})/.exec(reference) ?? [];
  if (name === "") return { column: undefined, row: 0 };
  const column = [...name].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
  return { column, row: Number(row) };
}

/** Names columns 5 to 6, counted from one, as `E:F`; a single column as `E`. */
export function toColumnRange(first: number, last: number): string {
  const nameOf = (column: number): string =>
    column < 1 ? "" : nameOf(Math.floor((column - 1) / 26)) + String.fromCharCode(65 + ((column - 1) % 26));
  return first === last || !(last <= 16_384) ? nameOf(first) : `${nameOf(first)}:${nameOf(last)}`;
}

export const hiddenRowMark = "(hidden row)";
export const toHiddenColumnsLine = (columns: readonly string[]) => `(hidden columns: ${columns.join(", ")})`;

/** Writes a text in one line of a Markdown table. */
export const escapeCell = (text: string) => text.replace(/\s+/g, " ").replace(/\|/g, "\\|").trim();
