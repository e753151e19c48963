/** `backup FILE`: a whole copy of the database, also while the server runs. */
import { loadConfig } from "../config.ts";
import { backUp } from "../db/backup.ts";
import { requireDatabase, toDatabaseFile } from "../db/open.ts";
import { toKeyFile } from "../key-ring.ts";
import type { Terminal } from "./run.ts";

export function backup(target: string, terminal: Terminal): number {
  const config = loadConfig(terminal.env);
  requireDatabase(config.dataDir);
  backUp(toDatabaseFile(config.dataDir), target);
  terminal.print(`${target} is a whole copy of the database, and needs the server key to be of use.`);
  terminal.print(`Keep ${toKeyFile(config) ?? "ENCRYPTION_KEY"} in another place than this file.`);
  return 0;
}
