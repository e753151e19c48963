/** Administration of grants by the operator: ids and times, no addresses. Needs no key. */
import { count, desc, eq } from "drizzle-orm";
import type { Database } from "../db/open.ts";
import { accounts, grants } from "../db/schema.ts";
import type { Level } from "../grant.ts";

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
};

/** Lists the live grants, the most recently used first. */
export function listGrants(db: Database): GrantSummary[] {
  return db
    .select({
      id: grants.id,
      clientId: grants.clientId,
      redirectHost: grants.redirectHost,
      level: grants.level,
      accounts: count(accounts.id),
      createdAt: grants.createdAt,
      lastUsedAt: grants.lastUsedAt,
    })
    .from(grants)
    .leftJoin(accounts, eq(accounts.grantId, grants.id))
    .where(eq(grants.state, "live"))
    .groupBy(grants.id)
    .orderBy(desc(grants.lastUsedAt))
    .all();
}

/**
 * Deletes a grant and every row that belongs to it. Returns false when there is none. The deleted data leaves the
 * write-ahead log when the database is closed.
 */
export function deleteGrant(db: Database, id: string): boolean {
  return db.delete(grants).where(eq(grants.id, id)).returning({ id: grants.id }).all().length > 0;
}

/** Returns the ids of all grants, live and pending. */
export function listGrantIds(db: Database): Set<string> {
  const rows = db.select({ id: grants.id }).from(grants).all();
  return new Set(rows.map(({ id }) => id));
}
