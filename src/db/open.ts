/** Opens the one database file: pragmas, checks before anything is written, migrations. */
import { Database as Sqlite } from "bun:sqlite";
import { chmodSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { migrate } from "drizzle-orm/bun-sqlite/migrator";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { StartError } from "../errors.ts";
import * as schema from "./schema.ts";

export type Database = BunSQLiteDatabase<typeof schema>;

/** The file in DATA_DIR. */
export const databaseFile = "email-connector.db";

/** "ecdb": tells our database from any other SQLite file. */
const applicationId = 0x65636462;

/** The generated SQL: beside the entry point in the executable, at the top of the project from source. */
function migrationsFolder(): string {
  const compiled = join(import.meta.dir, "drizzle");
  return existsSync(compiled) ? compiled : join(import.meta.dir, "../../drizzle");
}

/**
 * Opens `dataDir`/email-connector.db (mode 0600, made when absent) and brings it up to date.
 * Throws StartError, with the file untouched, when it is corrupt, empty, another program's, read-only, or was
 * written by a newer version. Use synchronous transactions only: an async one commits before its callback ends.
 */
export function openDatabase({ dataDir }: { dataDir: string }): {
  db: Database;
  file: string;
  close(): void;
} {
  const file = join(dataDir, databaseFile);
  const isNew = !existsSync(file);
  if (!isNew) inspect(file);
  let sqlite: Sqlite;
  try {
    sqlite = new Sqlite(file, { create: true, readwrite: true, strict: true });
  } catch (cause) {
    throw new StartError(`${file} cannot be opened for writing. Check its owner, its mode and the disk.`, {
      cause,
    });
  }
  try {
    chmodSync(file, 0o600);
    sqlite.run("PRAGMA busy_timeout = 5000");
    if (isNew) sqlite.run(`PRAGMA application_id = ${applicationId}`);
    sqlite.run("PRAGMA journal_mode = WAL");
    sqlite.run("PRAGMA synchronous = FULL");
    sqlite.run("PRAGMA foreign_keys = ON");
    sqlite.run("PRAGMA secure_delete = ON");
    const db = drizzle(sqlite, { schema });
    migrate(db, { migrationsFolder: migrationsFolder() });
    return {
      db,
      file,
      close() {
        sqlite.run("PRAGMA wal_checkpoint(TRUNCATE)");
        sqlite.close();
      },
    };
  } catch (cause) {
    sqlite.close();
    throw new StartError(
      `${file} cannot be brought up to date. Check that the disk has room and is writable.`,
      {
        cause,
      },
    );
  }
}

/** Judges a file that is there without writing to it. */
function inspect(file: string): void {
  const refuse = (what: string, todo: string, cause?: unknown): never => {
    throw new StartError(`${file} ${what}. ${todo}`, { cause });
  };
  const restore = "Restore a backup, or move the file away to start with an empty database.";
  if (statSync(file).size === 0) refuse("is empty", restore);
  let id: number | undefined;
  let latest: number | undefined;
  let sound: string | undefined;
  let sqlite: Sqlite | undefined;
  try {
    sqlite = new Sqlite(file, { readwrite: true, create: false });
    id = sqlite.query<{ application_id: number }, []>("PRAGMA application_id").get()?.application_id;
    sound = sqlite.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check;
    if (id === applicationId && sound === "ok")
      latest =
        sqlite
          .query<{ latest: number | null }, []>("SELECT max(created_at) AS latest FROM __drizzle_migrations")
          .get()?.latest ?? undefined;
  } catch (cause) {
    refuse("is not a sound database", restore, cause);
  } finally {
    sqlite?.close();
  }
  if (sound !== "ok") refuse("is damaged", restore);
  if (id !== applicationId)
    refuse("is another program's database", "Set DATA_DIR to a folder of this server's own.");
  const known = readMigrationFiles({ migrationsFolder: migrationsFolder() });
  const newest = Math.max(...known.map((migration) => migration.folderMillis));
  if (latest !== undefined && latest > newest)
    refuse(
      "was written by a newer version",
      "Run that version, or restore a backup made before the upgrade.",
    );
}
