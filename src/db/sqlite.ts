/**
 * The embedded engine: SQLite through bun:sqlite, one connection. Statements run synchronously; a transaction is opened
 * and committed by us, because drizzle's own over sqlite-proxy lets other statements in between.
 *
 * A write is on the disk when it resolves: synchronous=FULL. secure_delete overwrites deleted data.
 */
import { type SQLQueryBindings, Database as SqliteFile, type Statement } from "bun:sqlite";
import { sql } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { createQueries, type Database, type Queries } from "./database.ts";
import { createReplica } from "./replicas.ts";
import { noSignals } from "./signals.ts";

const busyMs = 5_000;

const nowMs = sql<number>`CAST(unixepoch('subsec') * 1000 AS integer)`;

/** Statements kept prepared. There are fewer different ones in the product, but for lists of varying length. */
const maxStatements = 300;

/** Opens the connection with the settings that the product relies on. */
export function openSqliteFile(file: string): SqliteFile {
  const client = new SqliteFile(file, { readwrite: true, create: true });
  client.run(`PRAGMA busy_timeout = ${busyMs}`);
  client.run("PRAGMA journal_mode = WAL");
  client.run("PRAGMA synchronous = FULL");
  client.run("PRAGMA foreign_keys = ON");
  client.run("PRAGMA secure_delete = ON");
  return client;
}

/** Creates the database over an open connection, which `close` closes. */
export function createSqliteDatabase(client: SqliteFile): { db: Database; close(): void } {
  const statements = new LRUCache<string, Statement<unknown, SQLQueryBindings[]>>({
    max: maxStatements,
    dispose: (statement) => statement.finalize(),
  });
  const gate = createGate();

  function runNow(sql: string, params: unknown[]): unknown[][] {
    let statement = statements.get(sql);
    if (!statement) {
      statement = client.prepare<unknown, SQLQueryBindings[]>(sql);
      statements.set(sql, statement);
    }
    return statement.values(...(params as SQLQueryBindings[]));
  }

  // There is one connection, so that all transactions share one handle.
  const tx = createQueries(async (sql, params) => runNow(sql, params));

  async function transaction<T>(work: (tx: Queries) => Promise<T>): Promise<T> {
    // IMMEDIATE: another process that writes is waited for here, where nothing was read yet.
    runNow("BEGIN IMMEDIATE", []);
    try {
      const result = await work(tx);
      runNow("COMMIT", []);
      return result;
    } catch (error) {
      // A full disk rolls back by itself.
      if (client.inTransaction) runNow("ROLLBACK", []);
      throw error;
    }
  }

  const db: Database = Object.assign(
    createQueries((sql, params) => gate.pass(() => runNow(sql, params))),
    {
      transaction: <T>(work: (tx: Queries) => Promise<T>) => gate.close(() => transaction(work)),
      // Transactions run one after the other.
      lock: async () => {},
      purge: () => gate.pass(() => purge(client)),
      readVersion: async () => Number(runNow("PRAGMA data_version", [])[0]?.[0]),
      replica: createReplica({ nowMs, isShared: false }),
      signals: noSignals,
    },
  );

  return {
    db,
    close() {
      statements.clear();
      client.run("PRAGMA wal_checkpoint(TRUNCATE)");
      client.close();
    },
  };
}

/**
 * Removes deleted data from the write-ahead log as well. Does nothing while another connection reads; the next
 * checkpoint removes the data then.
 */
function purge(client: SqliteFile): void {
  client.run("PRAGMA busy_timeout = 0");
  client.run("PRAGMA wal_checkpoint(TRUNCATE)");
  client.run(`PRAGMA busy_timeout = ${busyMs}`);
}

/** Keeps statements and transactions out while a transaction is open, which would otherwise contain them. */
function createGate() {
  /** Number of transactions and statements that run or wait. */
  let queued = 0;
  let last: Promise<unknown> = Promise.resolve();

  function queue<T>(work: () => T | Promise<T>): Promise<T> {
    queued += 1;
    const run = async () => {
      try {
        return await work();
      } finally {
        queued -= 1;
      }
    };
    const turn = queued === 1 ? run() : last.then(run);
    last = turn.catch(() => {});
    return turn;
  }

  return {
    /** Runs a transaction once everything that was asked for before it has ended. */
    close: queue,

    /** Runs a statement at once, or once the transactions before it have ended. */
    pass: async <T>(work: () => T): Promise<T> => (queued === 0 ? work() : queue(work)),
  };
}
