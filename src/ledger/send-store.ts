/** The rows of the send log: queries only, no rules. All times are milliseconds since the epoch. */
import { and, desc, eq, gt, inArray, lt, or, type SQL } from "drizzle-orm";
import type { Queries } from "../db/database.ts";
import { sends } from "../db/schema.ts";

export type SendRow = typeof sends.$inferSelect;

/** Identifies an email that is sent again: keyed hashes, each absent where it is not known (yet). */
export type SendIdentity = {
  /** Of the caller's idempotency key. */
  keyHash?: string | undefined;
  /** Of the request, as the caller made it. */
  requestHash: string;
  /** Of the finished email. */
  contentHash?: string | undefined;
};

/** The identity of a finished email. */
export type SentIdentity = SendIdentity & { contentHash: string };

export type SendStore = ReturnType<typeof createSendStore>;

/** States of an email that was or may have been sent; a failed attempt counts for nothing. */
const countedStates = inArray(sends.state, ["sending", "sent", "maybe_sent"]);

/** `db`: the queries of the database, or of the transaction that the store is used in. */
export function createSendStore(db: Queries) {
  return {
    async insert(row: typeof sends.$inferInsert): Promise<void> {
      await db.insert(sends).values(row).run();
    },

    async update(id: string, values: Partial<SendRow>): Promise<void> {
      await db.update(sends).set(values).where(eq(sends.id, id)).run();
    },

    find: (id: string): Promise<SendRow | undefined> => db.select().from(sends).where(eq(sends.id, id)).get(),

    /** Marks the rows of sends that were running when their process ended. `isOrphan`: a row of no living one. */
    async markInterrupted(isOrphan: SQL | undefined): Promise<void> {
      await db
        .update(sends)
        .set({ state: "maybe_sent" })
        .where(and(eq(sends.state, "sending"), isOrphan))
        .run();
    },

    async deleteBefore(time: number): Promise<void> {
      await db.delete(sends).where(lt(sends.createdAt, time)).run();
    },

    /** The newest row with the same key after `keySince`, or the same request or content after `since`. */
    findSame(
      grantId: string,
      { keyHash, requestHash, contentHash }: SendIdentity,
      { keySince, since }: { keySince: number; since: number },
    ): Promise<SendRow | undefined> {
      const sameKey =
        keyHash === undefined ? undefined : and(eq(sends.keyHash, keyHash), gt(sends.createdAt, keySince));
      const sameEmail = or(
        eq(sends.requestHash, requestHash),
        contentHash === undefined ? undefined : eq(sends.contentHash, contentHash),
      );
      return db
        .select()
        .from(sends)
        .where(
          and(
            eq(sends.grantId, grantId),
            countedStates,
            or(sameKey, and(sameEmail, gt(sends.createdAt, since))),
          ),
        )
        .orderBy(desc(sends.createdAt))
        .limit(1)
        .get();
    },

    /** The sends of the grant after `since`, newest first. */
    listSends(
      grantId: string,
      since: number,
    ): Promise<Pick<SendRow, "createdAt" | "recipients" | "state">[]> {
      return db
        .select({ createdAt: sends.createdAt, recipients: sends.recipients, state: sends.state })
        .from(sends)
        .where(and(eq(sends.grantId, grantId), countedStates, gt(sends.createdAt, since)))
        .orderBy(desc(sends.createdAt))
        .all();
    },

    /** When the grant sent after `since`, newest first. */
    async listTimes(grantId: string, since: number): Promise<number[]> {
      const rows = await db
        .select({ at: sends.createdAt })
        .from(sends)
        .where(and(eq(sends.grantId, grantId), countedStates, gt(sends.createdAt, since)))
        .orderBy(desc(sends.createdAt))
        .all();
      return rows.map(({ at }) => at);
    },
  };
}
