/**
 * Opening of the database: Postgres, or one SQLite file in DATA_DIR, checked before it is opened for writing. One server
 * uses the file (lock.ts); the commands `grants` and `backup` can run at the same time.
 */
import { constants as flags, Database as SqliteFile } from "bun:sqlite";
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { migrate } from "drizzle-orm/bun-sqlite/migrator";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { StartError } from "../errors.ts";
import type { Database } from "./database.ts";
import { openPostgres } from "./postgres.ts";
import { createSqliteDatabase, openSqliteFile } from "./sqlite.ts";

/** "emcn" at offset 68 of the file's header (SQLite file format 1.3), which identifies our databases. */
const applicationId = 0x656d636e;
const headerBytes = 100;

/** Returns the path of the database. */
export function toDatabaseFile(dataDir: string): string {
  return join(dataDir, "email-connector.db");
}

/** Throws StartError when there is no database; for commands that must not create one. */
export function requireDatabase({ dataDir, database }: StoreSettings): void {
  if (database === undefined && !existsSync(toDatabaseFile(dataDir)))
    throw new StartError(`There is no database in ${dataDir}. Set DATA_DIR as the server has it.`);
}

type StoreSettings = {
  /** The folder of the SQLite file. */
  dataDir: string;
  /** Postgres, instead of SQLite. */
  database?: { url: string; directUrl: string | undefined; connections: number } | undefined;
};

export type Store = { db: Database; close(): Promise<void> };

/**
 * Opens the database, creates it when there is none, and migrates its tables. Throws StartError; a SQLite file is left
 * unchanged when it is empty, damaged, another program's, read-only, or written by a newer version.
 */
export async function openStore({ dataDir, database }: StoreSettings): Promise<Store> {
  if (database === undefined) return openSqlite(toDatabaseFile(dataDir));
  const { url, connections, directUrl } = database;
  const migrations = readMigrationFiles({ migrationsFolder: toMigrationsFolder("postgres") });
  const isPooled = directUrl !== undefined;
  return openPostgres({ url, connections, isPooled, listenUrl: directUrl ?? url }, migrations);
}

async function openSqlite(file: string): Promise<Store> {
  if (existsSync(file)) requireOurs(file);
  else createDatabase(file);
  restrictToOwner(file);
  const client = openSqliteFile(file);
  try {
    migrate(drizzle(client), { migrationsFolder: toMigrationsFolder("sqlite") });
    const { db, close } = createSqliteDatabase(client);
    return { db, close: async () => close() };
  } catch (cause) {
    client.close();
    throw new StartError(`${file} could not be migrated. Is there free space on the disk?`, { cause });
  }
}

/** Inside the binary, where the build puts the migrations; else the folder of the repository. */
function toMigrationsFolder(engine: "sqlite" | "postgres"): string {
  const compiled = join(import.meta.dir, "drizzle", engine);
  return existsSync(compiled) ? compiled : join(import.meta.dir, "../../drizzle", engine);
}

/** Creates the file under another name and renames it when complete: a crash leaves a database or none. */
function createDatabase(file: string): void {
  const next = `${file}.next`;
  try {
    for (const left of [next, `${next}-wal`, `${next}-shm`]) rmSync(left, { force: true });
    closeSync(openSync(next, "w", 0o600));
    // No write-ahead log yet: drizzle's statements keep the connection open for a while after close(), and a log that
    // is still mapped under the old name would not be shared with other processes (`backup`, `grants`).
    const client = new SqliteFile(next, { readwrite: true, create: true });
    client.run(`PRAGMA application_id = ${applicationId}`);
    migrate(drizzle(client), { migrationsFolder: toMigrationsFolder("sqlite") });
    client.close();
    renameSync(next, file);
  } catch (cause) {
    throw new StartError(`${file} could not be created. Is DATA_DIR writable, and is there free space?`, {
      cause,
    });
  }
}

function restrictToOwner(file: string): void {
  try {
    chmodSync(file, 0o600);
  } catch (cause) {
    throw new StartError(
      `${file} belongs to another user. Change its owner to the user the server runs as.`,
      { cause },
    );
  }
}

/** Checks the file without writing to it. Throws StartError. */
function requireOurs(file: string): void {
  const header = readHeader(file);
  if (header.length === 0)
    throw new StartError(
      `${file} is empty. Restore your backup, or delete the file and a new one is created (all grants are lost).`,
    );
  const isSqlite = header.toString("latin1", 0, 16) === "SQLite format 3\0";
  if (isSqlite && header.length === headerBytes && header.readUInt32BE(68) !== applicationId)
    throw new StartError(
      `${file} is a database of another program. Set DATA_DIR to a folder that only this server uses.`,
    );
  if (!isSqlite || header.length < headerBytes || !isIntact(file))
    throw new StartError(`${file} is damaged. Restore your backup; the file was left unchanged.`);
  if ((statSync(file).mode & 0o200) === 0 || !isWritable(file))
    throw new StartError(
      `${file} is read-only. Make it writable for the user the server runs as: chmod u+w.`,
    );
  if (hasUnknownMigration(file))
    throw new StartError(
      `${file} was written by a newer email-connector. Run that version, or restore a backup from before it.`,
    );
}

function readHeader(file: string): Buffer {
  const buffer = Buffer.alloc(headerBytes);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    return buffer.subarray(0, readSync(descriptor, buffer, 0, headerBytes, 0));
  } catch (cause) {
    throw new StartError(
      `${file} cannot be read by this user. Change its owner to the user the server runs as.`,
      {
        cause,
      },
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Opens the file read-only for `work`, and closes it. Without a write-ahead log it is opened as immutable (SQLite "URI
 * Filenames"), since SQLite would leave an empty log and its index beside a damaged file.
 */
function withReader<T>(file: string, work: (client: SqliteFile) => T): T {
  const client = existsSync(`${file}-wal`)
    ? new SqliteFile(file, { readonly: true })
    : new SqliteFile(
        `${pathToFileURL(file).href}?immutable=1`,
        flags.SQLITE_OPEN_READONLY | flags.SQLITE_OPEN_URI,
      );
  try {
    return work(client);
  } finally {
    client.close();
  }
}

/** Checks all pages and indexes: a damaged file can be opened and fails at some later query. */
function isIntact(file: string): boolean {
  try {
    return withReader(file, (client) => {
      const rows = client.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").all();
      return rows.length === 1 && rows[0]?.quick_check === "ok";
    });
  } catch {
    return false;
  }
}

/** Returns true when the file has a later migration than this version knows. */
function hasUnknownMigration(file: string): boolean {
  const migrations = readMigrationFiles({ migrationsFolder: toMigrationsFolder("sqlite") });
  const ours = Math.max(...migrations.map((migration) => migration.folderMillis));
  return withReader(file, (client) => {
    const row = client
      .query<{ last: number | null }, []>("SELECT max(created_at) AS last FROM __drizzle_migrations")
      .get();
    return (row?.last ?? 0) > ours;
  });
}
