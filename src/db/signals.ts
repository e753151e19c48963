/**
 * Signals between replicas: rows of a small table, which each polls. They work on every engine and through poolers;
 * Postgres may announce a new one, so that it is read at once.
 */
import { and, gt, lte, ne, type SQL, sql } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { newId } from "../secrets.ts";
import type { Queries, Signal, Signals } from "./database.ts";
import { signals } from "./replica-tables.ts";

/** A transaction may commit this much later than it wrote its row. */
const overlapMs = 10_000;
const keptMs = 10 * 60_000;
/** Signals that are remembered as read. */
const maxRead = 10_000;

/** Signals where one process serves alone: nobody sends and nobody listens. */
export const noSignals: Signals = {
  send: async () => {},
  listen: () => {},
  poll: async () => {},
  sweep: async () => {},
};

export function createSignals(deps: {
  db: Queries;
  nowMs: SQL<number>;
  /** The id of this replica. */
  sender: string;
  /** Announces that there is a new row. */
  announce(): Promise<void>;
}): Signals {
  const { db, nowMs, sender } = deps;
  const read = new LRUCache<string, true>({ max: maxRead });
  let onSignal: (signal: Signal) => void = () => {};
  let since: number | undefined;

  const readClock = async () => Number((await db.values<[number]>(sql`SELECT ${nowMs}`))[0]?.[0]);

  return {
    async send({ topic, subject }) {
      const row = { id: newId("sig"), sender, topic, subject, createdAt: sql`${nowMs}` };
      await db.insert(signals).values(row).run();
      await deps.announce();
    },

    listen(handle) {
      onSignal = handle;
    },

    async poll() {
      const now = await readClock();
      const from = since ?? now;
      const rows = await db
        .select()
        .from(signals)
        .where(and(gt(signals.createdAt, from - overlapMs), ne(signals.sender, sender)))
        .all();
      const isFirst = since === undefined;
      since = now;
      for (const { id, topic, subject } of rows) {
        const isNew = !read.has(id);
        read.set(id, true);
        // The tables already hold the changes that were signalled before the start.
        if (isNew && !isFirst) onSignal({ topic, subject });
      }
    },

    async sweep() {
      await db
        .delete(signals)
        .where(lte(signals.createdAt, sql`${nowMs} - ${keptMs}`))
        .run();
    },
  };
}
