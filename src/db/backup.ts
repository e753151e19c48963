/** A copy of the database, whole and consistent, made while the server runs. */
import { Database } from "bun:sqlite";
import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { StartError } from "../errors.ts";

/**
 * Copies to `target`, mode 0600. Throws StartError when that is there or cannot be made; of a copy that failed
 * nothing is left.
 */
export function backUp(databaseFile: string, target: string): void {
  makeEmpty(target);
  try {
    copyInto(databaseFile, target);
  } catch (cause) {
    rmSync(target, { force: true });
    throw new StartError(
      `${databaseFile} could not be copied. Is there room, and is it whole and readable?`,
      {
        cause,
      },
    );
  }
}

/** SQLite would let everybody read the file until the copy is done; an empty one it takes as it is. */
function makeEmpty(target: string): void {
  try {
    closeSync(openSync(target, "wx", 0o600));
  } catch (cause) {
    throw new StartError(
      existsSync(target)
        ? `${target} is there already; name a new file.`
        : `${target} cannot be made. Is its folder there, and writable?`,
      { cause },
    );
  }
}

/** `VACUUM INTO`: one transaction's view, without free pages. */
function copyInto(databaseFile: string, target: string): void {
  const db = new Database(databaseFile, { readwrite: true, create: false });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run("VACUUM INTO ?", [target]);
  } finally {
    db.close();
  }
}
