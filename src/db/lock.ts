/** One process per database: a lock that the kernel drops when its holder dies, however it dies. */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { StartError } from "../errors.ts";

/**
 * Takes the data directory for this process. Throws StartError when another process has it.
 *
 * Bun has no flock; SQLite's exclusive transaction on a file of its own is the same thing. The database itself is
 * not locked, so that `backup` and `grants` can read it while the server runs.
 */
export function openLock(dataDir: string): { close(): void } {
  const lock = new Database(join(dataDir, "server.lock"));
  try {
    lock.run("PRAGMA busy_timeout = 0");
    lock.run("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new StartError(`${dataDir} is in use by another email-connector. Stop it first.`, { cause });
  }
  return { close: () => lock.close() };
}
