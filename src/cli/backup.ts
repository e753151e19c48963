/** `backup FILE`: copies the database, also while the server runs. */
import { copyDatabase } from "../db/backup.ts";
import { requireDatabase, toDatabaseFile } from "../db/open.ts";
import { toKeyFile } from "../key-ring.ts";
import { loadCommandConfig } from "./command-config.ts";
import type { Terminal } from "./terminal.ts";

export function backup(target: string, terminal: Terminal): number {
  const config = loadCommandConfig(terminal);
  if (config.database !== undefined) {
    terminal.printError(
      "The database is in Postgres: copy it with pg_dump, and keep the server key apart from it.",
    );
    return 1;
  }
  requireDatabase(config);
  copyDatabase(toDatabaseFile(config.dataDir), target);
  terminal.print(`${target} is a complete copy of the database. It can be used only with the server key.`);
  terminal.print(`Keep ${toKeyFile(config) ?? "ENCRYPTION_KEY"} in a different place from this file.`);
  return 0;
}
