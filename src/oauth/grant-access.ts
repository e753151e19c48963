/** A grant as its own person's page shows and changes it. */
import { and, eq } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { grants } from "../db/schema.ts";
import type { Level, LiveGrant } from "../grant.ts";

/** Times in milliseconds since the epoch. */
type GrantFacts = {
  redirectHost: string;
  createdAt: number;
  lastUsedAt: number;
  /** Number of refused passwords for its addresses in the day before they were connected. */
  failedGuesses: number;
};

/** `end` deletes a grant with everything that belongs to it. */
export function createGrantAccess({
  db,
  end,
}: {
  db: Database;
  end(grant: Pick<LiveGrant, "id" | "dataKey">): Promise<void>;
}) {
  return {
    end,

    /** Reads the facts of a live grant; undefined when there is none. */
    read(grantId: string): Promise<GrantFacts | undefined> {
      return db
        .select({
          redirectHost: grants.redirectHost,
          createdAt: grants.createdAt,
          lastUsedAt: grants.lastUsedAt,
          failedGuesses: grants.failedGuesses,
        })
        .from(grants)
        .where(and(eq(grants.id, grantId), eq(grants.state, "live")))
        .get();
    },

    /** Sets what the client may do. It takes effect with the next request. */
    async set(grantId: string, access: { level: Level; asksForNewPeople: boolean }): Promise<void> {
      await db.update(grants).set(access).where(eq(grants.id, grantId)).run();
    },
  };
}
