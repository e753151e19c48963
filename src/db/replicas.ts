/**
 * The processes that share a database. Each writes its row every 3 seconds; one that was silent for 12 seconds of the
 * database's clock is dead, and what it was doing is settled by the others. One that finds itself declared dead goes on
 * under a new id.
 */
import { and, eq, gt, isNull, lte, notInArray, or, type SQL, sql } from "drizzle-orm";
import { newId } from "../secrets.ts";
import type { Replica } from "./database.ts";
import { replicas } from "./replica-tables.ts";

/** Interval at which a replica writes its row. */
export const beatEveryMs = 3_000;

const deadAfterMs = 12_000;
const keptMs = 3_600_000;

/** `nowMs`: the database's clock as an expression of its SQL, in milliseconds since the epoch. */
export function createReplica({ nowMs, isShared }: { nowMs: SQL<number>; isShared: boolean }): Replica {
  let id = newId("rpl");
  const isAlive = gt(replicas.seenAt, sql`${nowMs} - ${deadAfterMs}`);

  return {
    isShared,

    id: () => id,

    async beat(db) {
      const beaten = await db
        .update(replicas)
        .set({ seenAt: sql`${nowMs}` })
        .where(and(eq(replicas.id, id), isAlive))
        .returning({ id: replicas.id })
        .all();
      if (beaten.length > 0) return;
      id = newId("rpl");
      await db
        .insert(replicas)
        .values({ id, seenAt: sql`${nowMs}` })
        .run();
      await db
        .delete(replicas)
        .where(lte(replicas.seenAt, sql`${nowMs} - ${keptMs}`))
        .run();
    },

    countLiving: async (db) =>
      (await db.select({ id: replicas.id }).from(replicas).where(isAlive).all()).length,

    isOrphan(db, owner) {
      const living = db.select({ id: replicas.id }).from(replicas).where(isAlive);
      return or(isNull(owner), notInArray(owner, living));
    },
  };
}
