/** One process per database: a lock that the kernel drops when its holder dies, however it dies. */
import { Database } from "bun:sqlite";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../errors.ts";

/**
 * Takes the data directory for this process. Throws StartError when another process has it.
 *
 * Bun has no flock; SQLite's exclusive transaction on a file of its own is the same thing. The database itself is
 * not locked, so that `backup` and `grants` can read it while the server runs.
 */
export function openLock(dataDir: string): { close(): void } {
  const file = join(dataDir, "server.lock");
  const lock = openFile(file);
  try {
    lock.run("PRAGMA busy_timeout = 0");
    // Nothing is kept in it, so there is nothing to roll back on disk.
    lock.run("PRAGMA journal_mode = MEMORY");
    lock.run("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new StartError(`${dataDir} is in use by another email-connector. Stop it first.`, { cause });
  }
  return { close: () => lock.close() };
}

function openFile(file: string): Database {
  try {
    const lock = new Database(file);
    chmodSync(file, 0o600);
    return lock;
  } catch (cause) {
    throw new StartError(
      `${file} cannot be made, or is another user's. DATA_DIR must be writable for this user, and have room.`,
      { cause },
    );
  }
}
