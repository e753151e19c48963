/** Copying of all rows from one database to another, of the other engine. What is sealed stays so: the key is the same. */
import { asc, count, getTableColumns, getTableName, is } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { StartError } from "../errors.ts";
import type { Database } from "./database.ts";
import * as schema from "./schema.ts";

const rowsAtOnce = 200;

/** The tables, each behind those that it refers to. */
function tablesInOrder(): SQLiteTable[] {
  const all: readonly unknown[] = Object.values(schema);
  const waiting = all.filter((value) => is(value, SQLiteTable));
  const ordered: SQLiteTable[] = [];
  while (waiting.length > 0) {
    const at = waiting.findIndex((table) =>
      getTableConfig(table).foreignKeys.every(({ reference }) => ordered.includes(reference().foreignTable)),
    );
    ordered.push(...waiting.splice(Math.max(0, at), 1));
  }
  return ordered;
}

const countRows = async (db: Database, table: SQLiteTable): Promise<number> =>
  (await db.select({ rows: count() }).from(table).get())?.rows ?? 0;

/**
 * Copies every table and compares the numbers of rows, which it returns by table. Throws StartError when the target holds
 * rows already, or when the numbers differ.
 */
export async function copyTables(from: Database, to: Database): Promise<Map<string, number>> {
  const tables = tablesInOrder();
  for (const table of tables)
    if ((await countRows(to, table)) > 0)
      throw new StartError(
        `The table ${getTableName(table)} of the new database has rows already. Name an empty database.`,
      );
  const copied = new Map<string, number>();
  for (const table of tables) {
    const columns = Object.values(getTableColumns(table)).map((column) => asc(column));
    const total = await countRows(from, table);
    for (let offset = 0; offset < total; offset += rowsAtOnce) {
      const page = from
        .select()
        .from(table)
        .orderBy(...columns);
      await to
        .insert(table)
        .values(await page.limit(rowsAtOnce).offset(offset).all())
        .run();
    }
    const arrived = await countRows(to, table);
    if (arrived !== total)
      throw new StartError(
        `Of ${total} rows of ${getTableName(table)}, ${arrived} arrived. Start again with an empty database.`,
      );
    copied.set(getTableName(table), total);
  }
  return copied;
}
