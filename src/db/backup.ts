/** A copy of the database, whole and consistent, made while the server runs. */
import { Database } from "bun:sqlite";
import { chmodSync, existsSync } from "node:fs";
import { StartError } from "../errors.ts";

/** `VACUUM INTO`: one transaction's view, without free pages. Throws StartError when `target` is there or cannot be made. */
export function backUp(databaseFile: string, target: string): void {
  if (existsSync(target)) throw new StartError(`${target} is there already; name a new file.`);
  const db = new Database(databaseFile, { readwrite: true, create: false });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run("VACUUM INTO ?", [target]);
    chmodSync(target, 0o600);
  } catch (cause) {
    throw new StartError(`${target} could not be written. Is there room, and is the folder writable?`, {
      cause,
    });
  } finally {
    db.close();
  }
}
