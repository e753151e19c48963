/** The lock that allows one server per database. The kernel releases it when its process ends, however it ends. */
import { Database } from "bun:sqlite";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../errors.ts";

/**
 * Locks the data directory for this process. Throws StartError when another process holds the lock.
 *
 * Bun has no flock; an exclusive SQLite transaction on a separate file has the same effect. The database itself is not
 * locked, so that `backup` and `grants` can use it while the server runs.
 */
export function openLock(dataDir: string): { close(): void } {
  const file = join(dataDir, "server.lock");
  const lock = openFile(file);
  try {
    lock.run("PRAGMA busy_timeout = 0");
    // The file holds no data, so that no journal on disk is needed.
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
      `${file} cannot be created, or belongs to another user. DATA_DIR must be writable for this user, and have free space.`,
      { cause },
    );
  }
}
