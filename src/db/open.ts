/**
 * The database: one SQLite file in DATA_DIR, judged before it is touched. One server holds it (lock.ts); the commands
 * `grants` and `backup` work beside it.
 *
 * Every write is a synchronous transaction (an async one commits before it ends) and is on the disk before the
 * caller goes on: synchronous=FULL. secure_delete overwrites what is deleted.
 */
import { Database as SqliteFile } from "bun:sqlite";
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
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { migrate } from "drizzle-orm/bun-sqlite/migrator";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { StartError } from "../errors.ts";
import * as schema from "./schema.ts";

export type Database = BunSQLiteDatabase<typeof schema>;

/** "emcn" in the file's header (SQLite file format 1.3, offset 68): tells our database from somebody else's. */
const applicationId = 0x656d636e;
const headerBytes = 100;

/** Where the database is. */
export function toDatabaseFile(dataDir: string): string {
  return join(dataDir, "email-connector.db");
}

/** For commands that make none. Throws StartError. */
export function requireDatabase(dataDir: string): void {
  if (!existsSync(toDatabaseFile(dataDir)))
    throw new StartError(`There is no database in ${dataDir}. Set DATA_DIR as the server has it.`);
}

/**
 * Opens the database, makes it when there is none, and brings its tables up to date. Throws StartError, with the
 * file untouched, when it is empty, damaged, somebody else's, read-only, or written by a newer version.
 */
export function openDatabase({ dataDir }: { dataDir: string }): {
  db: Database;
  close(): void;
} {
  const file = toDatabaseFile(dataDir);
  if (existsSync(file)) requireOurs(file);
  else makeDatabase(file);
  keepForUs(file);
  const client = openFile(file);
  try {
    const db = drizzle(client, { schema });
    migrate(db, { migrationsFolder });
    return {
      db,
      close() {
        client.run("PRAGMA wal_checkpoint(TRUNCATE)");
        client.close();
      },
    };
  } catch (cause) {
    client.close();
    throw new StartError(`${file} could not be brought up to date. Is there room on the disk?`, { cause });
  }
}

/**
 * Takes what was deleted out of the write-ahead log too. Does nothing while somebody reads, rather than wait for him:
 * the next checkpoint does it then.
 */
export function purgeLog(db: Database): void {
  db.run("PRAGMA busy_timeout = 0");
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.run(`PRAGMA busy_timeout = ${busyMs}`);
}

const busyMs = 5_000;

/** Beside the code, or inside the binary, where the build put it. */
const compiledMigrations = join(import.meta.dir, "drizzle");
const migrationsFolder = existsSync(compiledMigrations)
  ? compiledMigrations
  : join(import.meta.dir, "../../drizzle");

function openFile(file: string): SqliteFile {
  const client = new SqliteFile(file, { readwrite: true, create: true });
  client.run(`PRAGMA busy_timeout = ${busyMs}`);
  client.run("PRAGMA journal_mode = WAL");
  client.run("PRAGMA synchronous = FULL");
  client.run("PRAGMA foreign_keys = ON");
  client.run("PRAGMA secure_delete = ON");
  return client;
}

/** Made under another name and renamed when whole, so that a crash leaves a database or none, never an empty file. */
function makeDatabase(file: string): void {
  const next = `${file}.next`;
  try {
    for (const left of [next, `${next}-wal`, `${next}-shm`]) rmSync(left, { force: true });
    closeSync(openSync(next, "w", 0o600));
    // No write-ahead log yet: drizzle's statements keep the connection half open for a while, and a log that is
    // still mapped under the old name would part us from other processes at the same file (`backup`, `grants`).
    const client = new SqliteFile(next, { readwrite: true, create: true });
    client.run(`PRAGMA application_id = ${applicationId}`);
    migrate(drizzle(client), { migrationsFolder });
    client.close();
    renameSync(next, file);
  } catch (cause) {
    throw new StartError(`${file} could not be made. Is DATA_DIR writable, and is there room?`, { cause });
  }
}

function keepForUs(file: string): void {
  try {
    chmodSync(file, 0o600);
  } catch (cause) {
    throw new StartError(`${file} is another user's. Give it to the user the server runs as.`, { cause });
  }
}

/** Judges the file by reading only. */
function requireOurs(file: string): void {
  const header = readHeader(file);
  if (header.length === 0)
    throw new StartError(
      `${file} is empty. Put your backup back, or delete the file and a new one is made (all grants are lost).`,
    );
  const isSqlite = header.toString("latin1", 0, 16) === "SQLite format 3\0";
  if (isSqlite && header.length === headerBytes && header.readUInt32BE(68) !== applicationId)
    throw new StartError(
      `${file} is a database of another program. Set DATA_DIR to a folder of this server's own.`,
    );
  if (!isSqlite || header.length < headerBytes || !isWhole(file))
    throw new StartError(`${file} is damaged. Put your backup back; the file was left as it is.`);
  if ((statSync(file).mode & 0o200) === 0 || !isWritable(file))
    throw new StartError(
      `${file} is read-only. Make it writable for the user the server runs as: chmod u+w.`,
    );
  if (isNewer(file))
    throw new StartError(
      `${file} was written by a newer email-connector. Run that version, or put back a backup from before it.`,
    );
}

function readHeader(file: string): Buffer {
  const buffer = Buffer.alloc(headerBytes);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    return buffer.subarray(0, readSync(descriptor, buffer, 0, headerBytes, 0));
  } catch (cause) {
    throw new StartError(`${file} cannot be read by this user. Give it to the user the server runs as.`, {
      cause,
    });
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

/** Lends the file for reading only. */
function withReader<T>(file: string, work: (client: SqliteFile) => T): T {
  const client = new SqliteFile(file, { readonly: true });
  try {
    return work(client);
  } finally {
    client.close();
  }
}

/** Every page and index in order. A damaged file opens well and fails at some later call. */
function isWhole(file: string): boolean {
  try {
    return withReader(file, (client) => {
      const rows = client.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").all();
      return rows.length === 1 && rows[0]?.quick_check === "ok";
    });
  } catch {
    return false;
  }
}

/** Whether a migration ran there that we have never heard of. */
function isNewer(file: string): boolean {
  const ours = Math.max(
    ...readMigrationFiles({ migrationsFolder }).map((migration) => migration.folderMillis),
  );
  return withReader(file, (client) => {
    const row = client
      .query<{ last: number | null }, []>("SELECT max(created_at) AS last FROM __drizzle_migrations")
      .get();
    return (row?.last ?? 0) > ours;
  });
}
