/** The grants as an operator sees them: ids and times, no addresses. Needs no key. */
import { count, desc, eq } from "drizzle-orm";
import type { Database } from "../db/open.ts";
import { accounts, grants } from "../db/schema.ts";

export type ListedGrant = {
  id: string;
  clientId: string;
  redirectHost: string;
  level: "read" | "organise" | "send";
  accounts: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
  lastUsedAt: number;
};

/** Every grant a client may use, last used first. */
export function listGrants(db: Database): ListedGrant[] {
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

/** Deletes a grant and all that hangs on it; closing the database takes it out of the log too. False when there is none of this id. */
export function deleteGrant(db: Database, id: string): boolean {
  return db.delete(grants).where(eq(grants.id, id)).returning({ id: grants.id }).all().length > 0;
}

/** The ids of all grants there are. */
export function listGrantIds(db: Database): Set<string> {
  return new Set(
    db
      .select({ id: grants.id })
      .from(grants)
      .all()
      .map(({ id }) => id),
  );
}
