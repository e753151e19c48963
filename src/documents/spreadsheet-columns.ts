/** Columns of spreadsheets and their letters. */

/** `AB12` -> column 27, line 12; of a range its first cell. */
export function toPlace(reference: string): { column: number | undefined; line: number } {
  const [, letters = "", line = ""] = /^([A-Z]{1,3})(\d{1,7})/.exec(reference) ?? [];
  if (letters === "") return { column: undefined, line: 0 };
  const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
  return { column, line: Number(line) };
}

/** Columns 5 to 6, counted from one -> `E:F`. */
export function toLetters(from: number, to: number): string {
  const letters = (column: number): string =>
    column < 1 ? "" : letters(Math.floor((column - 1) / 26)) + String.fromCharCode(65 + ((column - 1) % 26));
  return from === to || !(to <= 16_384) ? letters(from) : `${letters(from)}:${letters(to)}`;
}

export const hiddenRow = "(hidden row)";
export const hiddenColumnsLine = (columns: readonly string[]) => `(hidden columns: ${columns.join(", ")})`;
