/** Tables of ODT files and slides, and the sheets of ODS files, as they are opened and closed. */

import type { Flow } from "../markdown-writer.ts";
import { hiddenColumnsLine, hiddenRow, toLetters } from "../spreadsheet-columns.ts";
import type { OpenStyles } from "./styles.ts";

/** A sheet may say that a cell or row repeats a million times; it is shown this often at most. */
const maxColumns = 200;
const maxRows = 10_000;

type Attributes = Readonly<Record<string, string>>;
type Table = { isSheet: boolean; columns: number; hidden: string[]; row: Attributes; times: number };

const countOf = (value: string | undefined, most: number) => Math.min(most, Number(value) || 1);
const isShown = ({ visibility = "visible" }: Attributes) => visibility === "visible";

export function createOpenTables(
  flow: Flow,
  styles: OpenStyles,
  sayAlone: (text: string, prefix?: string) => void,
) {
  const tables: Table[] = [];
  /** Only sheets have names that a person sees. */
  let inSpreadsheet = false;

  function openCell(attributes: Attributes): void {
    const table = tables.at(-1);
    if (table) table.times = countOf(attributes["number-columns-repeated"], maxColumns);
    flow.openCell();
  }
  const closeCell = () => flow.closeCell({ times: tables.at(-1)?.times ?? 1 });

  return {
    open: {
      spreadsheet() {
        inSpreadsheet = true;
      },
      table({ name = "", "style-name": style = "" }) {
        const isSheet = inSpreadsheet && tables.length === 0;
        if (isSheet) sayAlone(`${name}${styles.hidden.has(style) ? " (hidden)" : ""}`, "## ");
        tables.push({ isSheet, columns: 0, hidden: [], row: {}, times: 1 });
        flow.openTable();
      },
      "table-column"(attributes) {
        const table = tables.at(-1);
        if (!table) return;
        const first = table.columns + 1;
        table.columns += countOf(attributes["number-columns-repeated"], 16_384);
        if (!isShown(attributes)) table.hidden.push(toLetters(first, table.columns));
      },
      "table-row"(row) {
        Object.assign(tables.at(-1) ?? {}, { row });
        flow.openRow();
      },
      "table-cell": openCell,
      "covered-table-cell": openCell,
    } satisfies Record<string, (attributes: Attributes) => void>,
    close: {
      "table-cell": closeCell,
      "covered-table-cell": closeCell,
      "table-row"() {
        const { row = {} } = tables.at(-1) ?? {};
        const times = countOf(row["number-rows-repeated"], maxRows);
        flow.closeRow({ times, remark: isShown(row) ? "" : hiddenRow });
      },
      table() {
        flow.closeTable();
        const table = tables.pop();
        if (table?.isSheet && table.hidden.length > 0) sayAlone(hiddenColumnsLine(table.hidden));
      },
    } satisfies Record<string, () => void>,
  };
}
