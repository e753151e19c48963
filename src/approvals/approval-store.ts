/** The rows of approvals: queries only, no rules. All times are milliseconds since the epoch. */
import { and, asc, count, desc, eq, gt, inArray, isNull, lt, lte, or, type SQL, sql, sum } from "drizzle-orm";
import type { Queries } from "../db/database.ts";
import { approvalChunks, approvals, grants } from "../db/schema.ts";

export type ApprovalRow = typeof approvals.$inferSelect;
export type ApprovalState = ApprovalRow["state"];
export type ApprovalKind = ApprovalRow["kind"];

/** The identity of what waits: keyed hashes, as in the send log. */
export type ApprovalIdentity = {
  keyHash?: string | undefined;
  requestHash: string;
  contentHash?: string | undefined;
};

/** States in which the bytes are kept, because the person may still decide. */
const openStates: readonly ApprovalState[] = ["waiting", "failed"];

export type ApprovalStore = ReturnType<typeof createApprovalStore>;

/**
 * `db`: the queries of the database, or of the transaction that the store is used in. Functions that end approvals
 * resolve with their number, because the database is purged after that.
 */
export function createApprovalStore(db: Queries) {
  /** Sets the state of rows, and deletes what only an undecided approval needs. */
  async function close(where: ReturnType<typeof and>, values: Partial<ApprovalRow>): Promise<number> {
    const rows = await db
      .update(approvals)
      .set({ ...values, wrappedKey: Buffer.alloc(0), action: null, sizeBytes: 0 })
      .where(where)
      .returning({ id: approvals.id })
      .all();
    const closed = rows.map(({ id }) => id);
    if (closed.length > 0)
      await db.delete(approvalChunks).where(inArray(approvalChunks.approvalId, closed)).run();
    return closed.length;
  }

  return {
    async insert(row: typeof approvals.$inferInsert): Promise<void> {
      await db.insert(approvals).values(row).run();
    },

    async insertChunk(approvalId: string, position: number, content: Buffer): Promise<void> {
      await db.insert(approvalChunks).values({ approvalId, position, content }).run();
    },

    async setAction(id: string, action: Buffer): Promise<void> {
      await db.update(approvals).set({ action }).where(eq(approvals.id, id)).run();
    },

    async remove(id: string): Promise<void> {
      await db.delete(approvals).where(eq(approvals.id, id)).run();
    },

    /** An approval with the client and level of its grant. */
    find(id: string) {
      return db
        .select({ approval: approvals, grant: grants })
        .from(approvals)
        .innerJoin(grants, eq(grants.id, approvals.grantId))
        .where(and(eq(approvals.id, id), eq(grants.state, "live")))
        .get();
    },

    listChunks(approvalId: string) {
      return db
        .select({ position: approvalChunks.position, content: approvalChunks.content })
        .from(approvalChunks)
        .where(eq(approvalChunks.approvalId, approvalId))
        .orderBy(asc(approvalChunks.position))
        .all();
    },

    /** The newest approval of the same action that was asked for after `since` and is in one of the states. */
    findSame(
      grantId: string,
      { keyHash, requestHash, contentHash }: ApprovalIdentity,
      { since, states }: { since: number; states: readonly ApprovalState[] },
    ): Promise<ApprovalRow | undefined> {
      return db
        .select()
        .from(approvals)
        .where(
          and(
            eq(approvals.grantId, grantId),
            gt(approvals.createdAt, since),
            inArray(approvals.state, [...states]),
            or(
              keyHash === undefined ? undefined : eq(approvals.keyHash, keyHash),
              eq(approvals.requestHash, requestHash),
              contentHash === undefined ? undefined : eq(approvals.contentHash, contentHash),
            ),
          ),
        )
        .orderBy(desc(approvals.createdAt))
        .limit(1)
        .get();
    },

    /** The approval of this id, in any state, where it is of the same action. */
    async findById(
      grantId: string,
      id: string | undefined,
      { requestHash, contentHash = "" }: ApprovalIdentity,
    ): Promise<ApprovalRow | undefined> {
      const row = id === undefined ? undefined : (await this.find(id))?.approval;
      const isSame = row?.requestHash === requestHash || row?.contentHash === contentHash;
      return row?.grantId === grantId && isSame ? row : undefined;
    },

    /** The approvals of a grant, newest first. */
    list(grantId: string): Promise<ApprovalRow[]> {
      return db
        .select()
        .from(approvals)
        .where(eq(approvals.grantId, grantId))
        .orderBy(desc(approvals.createdAt))
        .all();
    },

    /** Number of approvals that the person declined after `since`. */
    async countDeclined(grantId: string, since: number): Promise<number> {
      const row = await db
        .select({ number: count() })
        .from(approvals)
        .where(
          and(
            eq(approvals.grantId, grantId),
            eq(approvals.state, "declined"),
            gt(approvals.decidedAt, since),
          ),
        )
        .get();
      return row?.number ?? 0;
    },

    /** Frozen bytes of a grant, or of all grants. */
    async countBytes(grantId?: string): Promise<number> {
      const row = await db
        .select({ bytes: sum(approvals.sizeBytes) })
        .from(approvals)
        .where(grantId === undefined ? undefined : eq(approvals.grantId, grantId))
        .get();
      return Number(row?.bytes ?? 0);
    },

    /** Takes an approval for its decision: of two requests at once, one gets true. */
    async take(id: string, now: number, owner: string): Promise<boolean> {
      const taken = await db
        .update(approvals)
        .set({ state: "deciding", decidedAt: now, owner })
        .where(
          and(eq(approvals.id, id), inArray(approvals.state, [...openStates]), gt(approvals.expiresAt, now)),
        )
        .returning({ id: approvals.id })
        .all();
      return taken.length === 1;
    },

    /** Makes a taken approval decidable again. */
    async release(id: string, state: "waiting" | "failed", answer: Buffer | null): Promise<void> {
      await db
        .update(approvals)
        .set({ state, answer })
        .where(and(eq(approvals.id, id), eq(approvals.state, "deciding")))
        .run();
    },

    /** Ends a taken approval. */
    finish: (id: string, state: ApprovalState, answer: Buffer | null): Promise<number> =>
      close(and(eq(approvals.id, id), eq(approvals.state, "deciding")), { state, answer }),

    /** Ends what waits longer than until `now`. */
    expire: (now: number): Promise<number> =>
      close(and(inArray(approvals.state, [...openStates]), lte(approvals.expiresAt, now)), {
        state: "expired",
        decidedAt: now,
      }),

    /** Declines all that waits in a grant. */
    declineAll: (grantId: string, now: number): Promise<number> =>
      close(and(eq(approvals.grantId, grantId), inArray(approvals.state, [...openStates])), {
        state: "declined",
        decidedAt: now,
      }),

    /** Declines all that waits for an account. */
    declineAccount: (grantId: string, accountId: string, now: number): Promise<number> =>
      close(
        and(
          eq(approvals.grantId, grantId),
          eq(approvals.accountId, accountId),
          inArray(approvals.state, [...openStates]),
        ),
        { state: "declined", decidedAt: now },
      ),

    /**
     * Ends the approvals whose decision a stopped process left unfinished, and deletes those it was still freezing.
     * `isOrphan`: a row of no living process.
     */
    async markInterrupted(isOrphan: SQL | undefined): Promise<number> {
      await db
        .delete(approvals)
        .where(and(eq(approvals.state, "waiting"), isNull(approvals.action), isOrphan))
        .run();
      return close(and(eq(approvals.state, "deciding"), isOrphan), { state: "maybe_done" });
    },

    async deleteBefore(time: number): Promise<void> {
      await db.delete(approvals).where(lt(approvals.createdAt, time)).run();
    },

    /** Counts one wrong password. */
    async addWrongPassword(id: string, by: 1 | -1): Promise<void> {
      await db
        .update(approvals)
        .set({ wrongPasswords: sql`${approvals.wrongPasswords} + ${by}` })
        .where(eq(approvals.id, id))
        .run();
    },
  };
}
