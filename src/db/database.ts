/**
 * The query surface of both engines: drizzle's SQLite dialect over one function `(sql, params) -> rows`
 * (drizzle-orm/sqlite-proxy). Rooms write their own queries beside the rule they serve.
 */

import type { SQL } from "drizzle-orm";
import type { AnySQLiteColumn } from "drizzle-orm/sqlite-core";
import { drizzle, type SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import type { signals } from "./replica-tables.ts";

/** Queries of drizzle, each of which is awaited. `values` runs raw SQL and returns its rows as arrays. */
export type Queries = Pick<
  SqliteRemoteDatabase,
  "select" | "insert" | "update" | "delete" | "run" | "values"
>;

/** This process among those that share the database. */
export type Replica = {
  /** Other processes may serve, too. */
  isShared: boolean;
  /** The present id of this process, with which it owns what it is doing. */
  id(): string;
  /** Writes the row of this process. */
  beat(db: Queries): Promise<void>;
  /** The number of living processes. */
  countLiving(db: Queries): Promise<number>;
  /** The condition that a row belongs to no living process. */
  isOrphan(db: Queries, owner: AnySQLiteColumn): SQL | undefined;
};

export type Signal = Pick<typeof signals.$inferSelect, "topic" | "subject">;

/** Signals between the processes that share the database. */
export type Signals = {
  /** Tells the other replicas. */
  send(signal: Signal): Promise<void>;
  /** Sets what is done for each signal of another replica. */
  listen(onSignal: (signal: Signal) => void): void;
  /** Reads the signals since the last time; after a failure those of the time in between. */
  poll(): Promise<void>;
  /** Deletes old rows. */
  sweep(): Promise<void>;
};

export type Database = Queries & {
  /**
   * Runs `work` in one transaction, which is committed when it resolves and rolled back when it rejects. Inside, only
   * `tx` is used and only what uses `tx` is awaited: another query through the database waits forever for the end of
   * the transaction on SQLite, and runs outside it on Postgres.
   */
  transaction<T>(work: (tx: Queries) => Promise<T>): Promise<T>;
  /** Locks a grant until the end of the transaction: of two transactions that do so, the second waits. */
  lock(tx: Queries, grantId: string): Promise<void>;
  /** Removes deleted data from the disk as far as the engine can. */
  purge(): Promise<void>;
  /** A number that changes when another process has written; undefined where signals tell what did. */
  readVersion(): Promise<number | undefined>;
  /** This process, as the owner of what it is doing. */
  replica: Replica;
  /** Tells other replicas what has ended. */
  signals: Signals;
};

/** Runs one statement and returns its rows, each an array of columns. */
type Execute = (sql: string, params: unknown[]) => Promise<unknown[][]>;

/** Creates the queries that run through `execute`. */
export function createQueries(execute: Execute): Queries {
  return drizzle(async (sql, params, method) => {
    const rows = await execute(sql, params);
    // Drizzle takes the one row of a `get` here, or undefined, which its type leaves out.
    return { rows: method === "get" ? (rows[0] as unknown[]) : rows };
  });
}
