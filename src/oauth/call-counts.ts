/** Tool calls of each grant by day, for the operator's list. Counted in memory, and written once a minute. */
import { lt, sql } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { callCounts } from "../db/schema.ts";
import type { Log, LogFields } from "../log.ts";

const dayMs = 86_400_000;
const writeEveryMs = 60_000;
/** Today and the week before it. */
const keptDays = 8;

/** Returns the day of a time in days since the epoch. */
export function toDay(timeMs: number): number {
  return Math.floor(timeMs / dayMs);
}

export function createCallCounts({ db, clock }: { db: Database; clock: Clock }) {
  const counted = new Map<string, number>();
  let writtenAt = clock.now();

  async function write(): Promise<void> {
    writtenAt = clock.now();
    const day = toDay(writtenAt);
    const entries = [...counted];
    counted.clear();
    await db.transaction(async (tx) => {
      await tx
        .delete(callCounts)
        .where(lt(callCounts.day, day - keptDays + 1))
        .run();
      // A grant that has ended since the call has no row to refer to.
      for (const [grantId, calls] of entries)
        await tx.run(
          sql`INSERT INTO call_counts (grant_id, day, calls) SELECT id, ${day}, ${calls} FROM grants WHERE id = ${grantId} ON CONFLICT (grant_id, day) DO UPDATE SET calls = call_counts.calls + excluded.calls`,
        );
    });
  }

  async function count({ grant }: LogFields): Promise<void> {
    if (grant === undefined) return;
    counted.set(grant, (counted.get(grant) ?? 0) + 1);
    if (Math.abs(clock.now() - writtenAt) >= writeEveryMs) await write();
  }

  return {
    /** Writes what was counted since the last time, and deletes days that are no longer shown. */
    write,

    /** Wraps a log so that finished tool calls are counted. */
    watch(log: Log): Log {
      return {
        ...log,
        info(event, fields = {}) {
          log.info(event, fields);
          if (event !== "call") return;
          // A full disk must not fail a call that is done.
          count(fields).catch(() => {});
        },
      };
    },
  };
}
