/** Copies the database, consistently and while the server runs. */
import { Database } from "bun:sqlite";
import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { StartError } from "../errors.ts";

/**
 * Copies the database to the new file `target`, with mode 0600. Throws StartError when the file exists or cannot be
 * created, or when the copy fails; a partial copy is removed.
 */
export function copyDatabase(databaseFile: string, target: string): void {
  createEmptyFile(target);
  try {
    copyInto(databaseFile, target);
  } catch (cause) {
    rmSync(target, { force: true });
    throw new StartError(
      `${databaseFile} could not be copied. Is there free space, and is it undamaged and readable?`,
      { cause },
    );
  }
}

/** Creates the file with its mode first: SQLite would create it readable for everybody. */
function createEmptyFile(target: string): void {
  try {
    closeSync(openSync(target, "wx", 0o600));
  } catch (cause) {
    throw new StartError(
      existsSync(target)
        ? `${target} exists already; name a new file.`
        : `${target} cannot be created. Does its folder exist, and is it writable?`,
      { cause },
    );
  }
}

/** Uses `VACUUM INTO`: the snapshot of one transaction, without free pages. */
function copyInto(databaseFile: string, target: string): void {
  const db = new Database(databaseFile, { readwrite: true, create: false });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run("VACUUM INTO ?", [target]);
  } finally {
    db.close();
  }
}
