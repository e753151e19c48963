/** Handlers for the tables of ODT and ODP files and the sheets of ODS files (OpenDocument 1.3 part 3, section 9). */
import { hiddenRowMark, toColumnRange, toHiddenColumnsLine } from "../spreadsheet-cells.ts";
import type { XmlAttributes } from "../xml.ts";
import { type OdfState, writeParagraph } from "./state.ts";

/** A sheet may repeat a cell or row a million times: limits on how often it is written. */
const maxCellTimes = 200;
const maxRowTimes = 10_000;
const maxSheetColumns = 16_384;

const repetitions = (value: string | undefined, max: number) => Math.min(max, Number(value) || 1);
const isVisible = ({ visibility = "visible" }: XmlAttributes) => visibility === "visible";

export const tableOpeners: Record<string, (state: OdfState, attributes: XmlAttributes) => void> = {
  spreadsheet(state) {
    state.isInSpreadsheet = true;
  },
  table: beginTable,
  "table-column": readColumn,
  "table-row": beginRow,
  "table-cell": beginCell,
  "covered-table-cell": beginCell,
};

export const tableClosers: Record<string, (state: OdfState) => void> = {
  "table-cell": endCell,
  "covered-table-cell": endCell,
  "table-row": endRow,
  table: endTable,
};

/** A sheet has a title; the names of other tables are not shown to readers. */
function beginTable(state: OdfState, { name = "", "style-name": style = "" }: XmlAttributes): void {
  const { styles, tables, writer } = state;
  const isSheet = state.isInSpreadsheet && tables.length === 0;
  if (isSheet) writeParagraph(state, `${name}${styles.hidden.has(style) ? " (hidden)" : ""}`, "## ");
  tables.push({ isSheet, columnCount: 0, hiddenColumns: [], row: {}, cellTimes: 1 });
  writer.beginTable();
}

function readColumn({ tables }: OdfState, attributes: XmlAttributes): void {
  const table = tables.at(-1);
  if (!table) return;
  const first = table.columnCount + 1;
  table.columnCount += repetitions(attributes["number-columns-repeated"], maxSheetColumns);
  if (!isVisible(attributes)) table.hiddenColumns.push(toColumnRange(first, table.columnCount));
}

function beginRow({ tables, writer }: OdfState, attributes: XmlAttributes): void {
  const table = tables.at(-1);
  if (table) table.row = attributes;
  writer.beginRow();
}

function beginCell({ tables, writer }: OdfState, attributes: XmlAttributes): void {
  const table = tables.at(-1);
  if (table) table.cellTimes = repetitions(attributes["number-columns-repeated"], maxCellTimes);
  writer.beginCell();
}

function endCell({ tables, writer }: OdfState): void {
  writer.endCell({ times: tables.at(-1)?.cellTimes ?? 1 });
}

function endRow({ tables, writer }: OdfState): void {
  const { row = {} } = tables.at(-1) ?? {};
  const times = repetitions(row["number-rows-repeated"], maxRowTimes);
  writer.endRow({ times, remark: isVisible(row) ? "" : hiddenRowMark });
}

function endTable(state: OdfState): void {
  state.writer.endTable();
  const table = state.tables.pop();
  if (table?.isSheet && table.hiddenColumns.length > 0)
    writeParagraph(state, toHiddenColumnsLine(table.hiddenColumns));
}
