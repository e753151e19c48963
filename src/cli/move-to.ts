/** `move-to URL`: copies everything from SQLite in DATA_DIR to Postgres, while the server is stopped. */
import { copyTables } from "../db/copy-tables.ts";
import { checkServerKey } from "../db/key-check.ts";
import { openLock } from "../db/lock.ts";
import { openStore, requireDatabase } from "../db/open.ts";
import { keepSharedClient } from "../db/shared-client.ts";
import { readKeyRing, toKeyFile } from "../key-ring.ts";
import { createLog } from "../log.ts";
import { createSecrets } from "../secrets.ts";
import { loadStaticClient } from "../static-client.ts";
import { loadCommandConfig } from "./command-config.ts";
import type { Terminal } from "./terminal.ts";

export async function moveTo(url: string, terminal: Terminal): Promise<number> {
  const { database: _, ...config } = loadCommandConfig(terminal);
  requireDatabase(config);
  const lock = openLock(config.dataDir);
  try {
    const secrets = createSecrets(readKeyRing(config, createLog(config.logLevel)));
    const from = await openStore({ dataDir: config.dataDir });
    try {
      await checkServerKey(from.db, secrets);
      const database = { url, directUrl: undefined, connections: 2 };
      const to = await openStore({ dataDir: config.dataDir, database });
      try {
        const copied = await copyTables(from.db, to.db);
        await keepSharedClient(to.db, secrets, loadStaticClient(config));
        for (const [table, rows] of copied) if (rows > 0) terminal.print(`${table}: ${rows}`);
      } finally {
        await to.close();
      }
    } finally {
      await from.close();
    }
  } finally {
    lock.close();
  }
  const key = toKeyFile(config);
  terminal.print("Everything is in Postgres. Start the server with DATABASE_URL and the same server key:");
  terminal.print(key === undefined ? "ENCRYPTION_KEY stays as it is." : `ENCRYPTION_KEY_FILE=${key}`);
  terminal.print("Keep the SQLite file as a backup of this moment; there is no way back from Postgres.");
  return 0;
}
