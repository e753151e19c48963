/** The statements that delete expired rows use an index: at 200,000 grants a scan of a table takes seconds. */
import { expect, test } from "bun:test";
import { getTableColumns, getTableName, lte, sql } from "drizzle-orm";
import { openStore } from "../../src/db/open.ts";
import { authorizationRequests, grants, links, tokens, uploads } from "../../src/db/schema.ts";
import { temporaryFolder } from "../support/temporary.ts";

test.each(
  [grants, tokens, authorizationRequests, links, uploads].map(
    (table) => [getTableName(table), table] as const,
  ),
)("rows of %s are found by their expiry with an index", async (name, table) => {
  const { db, close } = await openStore({ dataDir: temporaryFolder("plans") });
  try {
    const { expiresAt } = getTableColumns(table);
    const plan = await db.values<[number, number, number, string]>(
      sql`explain query plan select 1 from ${table} where ${lte(expiresAt, 1)}`,
    );
    expect(plan.map(([, , , detail]) => detail).join("\n")).toContain(
      `USING COVERING INDEX ${name}_by_expiry`,
    );
  } finally {
    await close();
  }
});
