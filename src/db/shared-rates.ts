/**
 * Rates that replicas share, by the generic cell rate algorithm: one statement for each try, in a table without a log on
 * disk. The clock is that of the replica that asks; they are within seconds of each other.
 */
import { eq, lte, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { sharedRates } from "./replica-tables.ts";

/** Allows `burst` tries at once, then one every `everyMs`. */
type Rate = { burst: number; everyMs: number };

/** `hash`: a keyed hash, so that no peer and no address is stored in clear. */
export function createSharedRates({ db, hash }: { db: Database; hash: (value: string) => string }) {
  const { refillAt, key: keyColumn } = sharedRates;

  /** The refill time of a stored key after one more try, as the rates in memory compute it. */
  function toNext({ burst, everyMs }: Rate, nowMs: number) {
    const fullMs = nowMs + burst * everyMs;
    return sql<number>`CASE WHEN ${refillAt} > ${fullMs} OR ${refillAt} < ${nowMs} THEN ${nowMs + everyMs} ELSE ${refillAt} + ${everyMs} END`;
  }

  return {
    /** Makes the store of one rate. */
    toStore: (name: string) => {
      const toKey = (key: string) => `${name} ${hash(key)}`;
      return {
        async take(of: string, rate: Rate, nowMs: number): Promise<number> {
          const key = toKey(of);
          const next = toNext(rate, nowMs);
          const fullMs = nowMs + rate.burst * rate.everyMs;
          const taken = await db
            .insert(sharedRates)
            .values({ key, refillAt: nowMs + rate.everyMs })
            .onConflictDoUpdate({ target: keyColumn, set: { refillAt: next }, setWhere: lte(next, fullMs) })
            .returning({ refillAt })
            .all();
          if (taken.length > 0) return 0;
          const row = await db.select({ next }).from(sharedRates).where(eq(keyColumn, key)).get();
          return Math.max(1, Number(row?.next ?? fullMs) - fullMs);
        },

        async count(of: string, rate: Rate, nowMs: number): Promise<number> {
          const key = toKey(of);
          const fullMs = nowMs + rate.burst * rate.everyMs;
          const next = toNext(rate, nowMs);
          const before = await db.select({ next }).from(sharedRates).where(eq(keyColumn, key)).get();
          const capped = sql`CASE WHEN ${next} > ${fullMs} THEN ${fullMs} ELSE ${next} END`;
          await db
            .insert(sharedRates)
            .values({ key, refillAt: nowMs + rate.everyMs })
            .onConflictDoUpdate({ target: keyColumn, set: { refillAt: capped } })
            .run();
          return Math.max(0, Number(before?.next ?? 0) - fullMs);
        },

        async refund(of: string, { everyMs }: Rate): Promise<void> {
          await db
            .update(sharedRates)
            .set({ refillAt: sql`${refillAt} - ${everyMs}` })
            .where(eq(keyColumn, toKey(of)))
            .run();
        },
      };
    },

    /** Deletes the keys whose full burst is available again. */
    async sweep(nowMs: number): Promise<void> {
      await db.delete(sharedRates).where(lte(refillAt, nowMs)).run();
    },
  };
}
