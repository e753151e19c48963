/** Administration of grants by the operator: ids and times, no addresses. Needs no key. */
import { count, desc, eq, gt, sql, sum } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { accounts, callCounts, grants } from "../db/schema.ts";
import type { Level } from "../grant.ts";
import { toDay } from "./call-counts.ts";

type GrantSummary = {
  id: string;
  clientId: string;
  redirectHost: string;
  level: Level;
  /** Number of accounts. */
  accounts: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Milliseconds since the epoch. */
  lastUsedAt: number;
  /** Tool calls of today and the seven days before, without those of the last minute. */
  weekCalls: number;
  note: string | null;
};

/** Lists the live grants, the most recently used first. */
export async function listGrants(db: Database, nowMs: number): Promise<GrantSummary[]> {
  const calls = db
    .select({
      grantId: callCounts.grantId,
      weekCalls: sum(callCounts.calls).mapWith(Number).as("week_calls"),
    })
    .from(callCounts)
    .where(gt(callCounts.day, toDay(nowMs) - 8))
    .groupBy(callCounts.grantId)
    .as("week");
  return db
    .select({
      id: grants.id,
      clientId: grants.clientId,
      redirectHost: grants.redirectHost,
      level: grants.level,
      accounts: count(accounts.id),
      createdAt: grants.createdAt,
      lastUsedAt: grants.lastUsedAt,
      weekCalls: sql`coalesce(max(${calls.weekCalls}), 0)`.mapWith(Number),
      note: grants.note,
    })
    .from(grants)
    .leftJoin(accounts, eq(accounts.grantId, grants.id))
    .leftJoin(calls, eq(calls.grantId, grants.id))
    .where(eq(grants.state, "live"))
    .groupBy(grants.id)
    .orderBy(desc(grants.lastUsedAt))
    .all();
}

/**
 * Deletes a grant and every row that belongs to it. Returns false when there is none. The deleted data leaves the
 * write-ahead log when the database is closed.
 */
export async function deleteGrant(db: Database, id: string): Promise<boolean> {
  const deleted = await db.delete(grants).where(eq(grants.id, id)).returning({ id: grants.id }).all();
  return deleted.length > 0;
}

/** Sets the operator's note of a grant; an empty one removes it. Returns false when there is no such grant. */
export async function noteGrant(db: Database, id: string, note: string): Promise<boolean> {
  const rows = await db
    .update(grants)
    .set({ note: note === "" ? null : note })
    .where(eq(grants.id, id))
    .returning({ id: grants.id })
    .all();
  return rows.length > 0;
}

/** Returns the ids of all grants, live and pending. */
export async function listGrantIds(db: Database): Promise<Set<string>> {
  const rows = await db.select({ id: grants.id }).from(grants).all();
  return new Set(rows.map(({ id }) => id));
}
