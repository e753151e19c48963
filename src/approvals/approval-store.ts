/** The rows of approvals: queries only, no rules. All times are milliseconds since the epoch. */
import { and, asc, count, desc, eq, gt, inArray, isNull, lt, lte, or, sql, sum } from "drizzle-orm";
import { type Database, purgeWriteAheadLog } from "../db/open.ts";
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

export function createApprovalStore(db: Database) {
  /** Sets the state of rows, and deletes what only an undecided approval needs. */
  function close(where: ReturnType<typeof and>, values: Partial<ApprovalRow>): string[] {
    const closed = db
      .update(approvals)
      .set({ ...values, wrappedKey: Buffer.alloc(0), action: null, sizeBytes: 0 })
      .where(where)
      .returning({ id: approvals.id })
      .all()
      .map(({ id }) => id);
    if (closed.length === 0) return closed;
    db.delete(approvalChunks).where(inArray(approvalChunks.approvalId, closed)).run();
    purgeWriteAheadLog(db);
    return closed;
  }

  return {
    insert(row: typeof approvals.$inferInsert): void {
      db.insert(approvals).values(row).run();
    },

    insertChunk(approvalId: string, position: number, content: Buffer): void {
      db.insert(approvalChunks).values({ approvalId, position, content }).run();
    },

    setAction(id: string, action: Buffer): void {
      db.update(approvals).set({ action }).where(eq(approvals.id, id)).run();
    },

    remove(id: string): void {
      db.delete(approvals).where(eq(approvals.id, id)).run();
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
    ): ApprovalRow | undefined {
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
        .get();
    },

    /** The approvals of a grant, newest first. */
    list(grantId: string): ApprovalRow[] {
      return db
        .select()
        .from(approvals)
        .where(eq(approvals.grantId, grantId))
        .orderBy(desc(approvals.createdAt))
        .all();
    },

    /** Number of approvals that the person declined after `since`. */
    countDeclined(grantId: string, since: number): number {
      const row = db
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
    countBytes(grantId?: string): number {
      const row = db
        .select({ bytes: sum(approvals.sizeBytes) })
        .from(approvals)
        .where(grantId === undefined ? undefined : eq(approvals.grantId, grantId))
        .get();
      return Number(row?.bytes ?? 0);
    },

    /** Takes an approval for its decision: of two requests at once, one gets true. */
    take(id: string, now: number): boolean {
      const taken = db
        .update(approvals)
        .set({ state: "deciding", decidedAt: now })
        .where(
          and(eq(approvals.id, id), inArray(approvals.state, [...openStates]), gt(approvals.expiresAt, now)),
        )
        .returning({ id: approvals.id })
        .all();
      return taken.length === 1;
    },

    /** Makes a taken approval decidable again. */
    release(id: string, state: "waiting" | "failed", answer: Buffer | null): void {
      db.update(approvals)
        .set({ state, answer })
        .where(and(eq(approvals.id, id), eq(approvals.state, "deciding")))
        .run();
    },

    /** Ends a taken approval. */
    finish(id: string, state: ApprovalState, answer: Buffer | null): void {
      close(and(eq(approvals.id, id), eq(approvals.state, "deciding")), { state, answer });
    },

    /** Ends what waits longer than until `now`. */
    expire(now: number): void {
      close(and(inArray(approvals.state, [...openStates]), lte(approvals.expiresAt, now)), {
        state: "expired",
        decidedAt: now,
      });
    },

    /** Declines all that waits in a grant. */
    declineAll(grantId: string, now: number): void {
      close(and(eq(approvals.grantId, grantId), inArray(approvals.state, [...openStates])), {
        state: "declined",
        decidedAt: now,
      });
    },

    /** Declines all that waits for an account. */
    declineAccount(grantId: string, accountId: string, now: number): void {
      close(
        and(
          eq(approvals.grantId, grantId),
          eq(approvals.accountId, accountId),
          inArray(approvals.state, [...openStates]),
        ),
        { state: "declined", decidedAt: now },
      );
    },

    /** Ends the approvals whose decision a stopped process left unfinished, and deletes those it was still freezing. */
    markInterrupted(): void {
      db.delete(approvals)
        .where(and(eq(approvals.state, "waiting"), isNull(approvals.action)))
        .run();
      close(eq(approvals.state, "deciding"), { state: "maybe_done" });
    },

    deleteBefore(time: number): void {
      db.delete(approvals).where(lt(approvals.createdAt, time)).run();
    },

    /** Counts one wrong password. */
    addWrongPassword(id: string, by: 1 | -1): void {
      db.update(approvals)
        .set({ wrongPasswords: sql`${approvals.wrongPasswords} + ${by}` })
        .where(eq(approvals.id, id))
        .run();
    },
  };
}
