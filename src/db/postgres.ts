/**
 * Postgres, or what speaks its protocol, through Bun's own client: for more than one replica. Statements are those of
 * SQLite's dialect, with `$n` for `?`; bigint is read as a number.
 */
import { SQL } from "bun";
import { type SQL as Fragment, sql as fragment } from "drizzle-orm";
import type { MigrationMeta } from "drizzle-orm/migrator";
import { StartError } from "../errors.ts";
import { CommitUnknownError, isConnectionLost } from "../storage-error.ts";
import { createQueries, type Database, type Queries, type Signals } from "./database.ts";
import { createReplica } from "./replicas.ts";
import { createSignals } from "./signals.ts";

/** Time in which a statement that only reads is repeated after its connection was lost. */
const readAgainMs = 5_000;
const readAgainEveryMs = 100;

/** Key of the advisory lock under which one replica migrates. */
const migrationLock = 0x656d636e;

type PostgresOptions = {
  url: string;
  /** Maximum number of connections of this process. */
  connections: number;
  /** Statements are sent unprepared, because a pooler hands each transaction to another connection. */
  isPooled: boolean;
  /** The address at which to listen for signals; undefined where none reaches Postgres itself. */
  listenUrl: string | undefined;
};

type Client = Pick<SQL, "unsafe">;

const nowMs = fragment<number>`CAST(extract(epoch from clock_timestamp()) * 1000 AS bigint)`;

/** The channel on which new rows of `signals` are announced. */
const channel = "email_connector";

/** Holds a grant's row, which its children may still refer to, until the end of the transaction. */
const lockGrant = (grantId: string): Fragment =>
  fragment`SELECT 1 FROM grants WHERE id = ${grantId} FOR NO KEY UPDATE`;

/** Opens the database and migrates its tables. Throws StartError when it cannot be reached or migrated. */
export async function openPostgres(
  options: PostgresOptions,
  migrations: readonly MigrationMeta[],
): Promise<{ db: Database; close(): Promise<void> }> {
  const sql = new SQL({
    url: options.url,
    max: options.connections,
    bigint: true,
    prepare: !options.isPooled,
    connectionTimeout: 5,
    tls: toTls(options.url),
  });
  try {
    await migrate(sql, migrations);
  } catch (cause) {
    await sql.close({ timeout: 0 });
    if (cause instanceof StartError) throw cause;
    throw new StartError(
      "DATABASE_URL: the database cannot be reached or migrated. Is the address right, is the server up, and may this user create tables?",
      { cause },
    );
  }
  const queries = createQueries((text, params) => runAgain(sql, text, params));
  const replica = createReplica({ nowMs, isShared: true });
  const signals = createSignals({
    db: queries,
    nowMs,
    sender: replica.id(),
    // Only for rare events: NOTIFY takes a global lock at commit.
    announce: async () => {
      await sql.unsafe("SELECT pg_notify($1, '')", [channel]);
    },
  });
  const listener = options.listenUrl === undefined ? undefined : await listenAt(options.listenUrl, signals);
  const db: Database = Object.assign(queries, {
    transaction: <T>(work: (tx: Queries) => Promise<T>): Promise<T> =>
      runTransaction(
        (inner: (connection: Client) => Promise<T>): Promise<T> =>
          sql.begin((connection) => inner(connection)),
        (connection) => work(createQueries((text, params) => run(connection, text, params))),
      ),
    async lock(tx: Queries, grantId: string): Promise<void> {
      await tx.values(lockGrant(grantId));
    },
    // Deleted rows are overwritten by VACUUM, which the server runs by itself.
    purge: async () => {},
    readVersion: async () => undefined,
    replica,
    signals,
  });
  return {
    db,
    async close() {
      await listener?.close({ timeout: 0 });
      await sql.close({ timeout: 5 });
    },
  };
}

/** Reads signals as soon as they are announced. Where listening fails, they are polled. */
async function listenAt(url: string, signals: Signals): Promise<SQL | undefined> {
  const sql = new SQL({ url, max: 1, connectionTimeout: 5, tls: toTls(url) });
  try {
    await sql.listen(channel, () => {
      signals.poll().catch(() => {});
    });
    return sql;
  } catch {
    await sql.close({ timeout: 0 });
    return undefined;
  }
}

/**
 * Runs `work` between BEGIN and COMMIT; the client rolls back when `work` rejects. Throws CommitUnknownError when the
 * connection was lost after `work` had ended, because the server may have committed.
 */
export async function runTransaction<C, T>(
  begin: (work: (connection: C) => Promise<T>) => Promise<T>,
  work: (connection: C) => Promise<T>,
): Promise<T> {
  let isWorkDone = false;
  try {
    return await begin(async (connection) => {
      const result = await work(connection);
      isWorkDone = true;
      return result;
    });
  } catch (error) {
    if (isWorkDone && isConnectionLost(error)) throw new CommitUnknownError({ cause: error });
    throw error;
  }
}

/** Runs one statement. */
async function run(client: Client, text: string, params: unknown[]): Promise<unknown[][]> {
  const rows: unknown[][] = await client.unsafe(toPostgresStatement(text), params).values();
  return rows.map((row) => row.map((value) => (typeof value === "bigint" ? Number(value) : value)));
}

/** Runs one statement outside a transaction; one that only reads again, after its connection was lost. */
async function runAgain(client: Client, text: string, params: unknown[]): Promise<unknown[][]> {
  const isRead = /^\s*select\b/i.test(text);
  for (let waitedMs = 0; ; waitedMs += readAgainEveryMs) {
    try {
      return await run(client, text, params);
    } catch (error) {
      if (!isRead || waitedMs >= readAgainMs || !isConnectionLost(error)) throw error;
      await Bun.sleep(readAgainEveryMs);
    }
  }
}

/** Writes a statement of SQLite's dialect for Postgres: `$1` for `?` outside quotes, and plain conflict targets. */
export function toPostgresStatement(text: string): string {
  let count = 0;
  return text
    .replace(
      /\bon conflict \(([^()]*)\)/,
      (_, target: string) => `on conflict (${target.replace(/"\w+"\./g, "")})`,
    )
    .replace(/'[^']*'|"[^"]*"|\?/g, (part) => (part === "?" ? `$${++count}` : part));
}

/** Runs the migrations that are not there yet. Of replicas that start at once, one does; the others wait for it. */
async function migrate(sql: SQL, migrations: readonly MigrationMeta[]): Promise<void> {
  await sql.begin(async (connection) => {
    await connection.unsafe("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
    await connection.unsafe(
      'CREATE TABLE IF NOT EXISTS "__drizzle_migrations" (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)',
    );
    const [[last = 0] = []] = await run(connection, 'SELECT max(created_at) FROM "__drizzle_migrations"', []);
    for (const migration of migrations) {
      if (migration.folderMillis <= Number(last)) continue;
      for (const statement of migration.sql) await connection.unsafe(statement);
      await connection.unsafe('INSERT INTO "__drizzle_migrations" (hash, created_at) VALUES ($1, $2)', [
        migration.hash,
        migration.folderMillis,
      ]);
    }
  });
}

/** The server is verified, unless it is on this machine or the URL says sslmode=disable. */
function toTls(url: string): { rejectUnauthorized: true; serverName: string } | undefined {
  const { hostname, searchParams } = new URL(url);
  const isLoopback = /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  if (isLoopback || searchParams.get("sslmode") === "disable") return undefined;
  return { rejectUnauthorized: true, serverName: hostname };
}
