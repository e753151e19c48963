/** The rows of passkeys and of the challenges to them: queries only, no rules. Times in milliseconds since the epoch. */
import { and, asc, eq, gt, lte } from "drizzle-orm";
import type { Queries } from "../db/database.ts";
import { grants, passkeyChallenges, passkeys } from "../db/schema.ts";

export function createPasskeyStore(db: Queries) {
  return {
    /** Lists the passkeys of a grant, the oldest first. */
    async list(grantId: string) {
      return await db
        .select()
        .from(passkeys)
        .where(eq(passkeys.grantId, grantId))
        .orderBy(asc(passkeys.createdAt), asc(passkeys.id))
        .all();
    },

    async insert(row: typeof passkeys.$inferInsert): Promise<void> {
      await db.insert(passkeys).values(row).run();
    },

    async setUsed(id: string, used: { credential: Buffer; lastUsedAt: number }): Promise<void> {
      await db.update(passkeys).set(used).where(eq(passkeys.id, id)).run();
    },

    async remove(grantId: string, id: string): Promise<void> {
      await db
        .delete(passkeys)
        .where(and(eq(passkeys.id, id), eq(passkeys.grantId, grantId)))
        .run();
    },

    async insertChallenge(row: typeof passkeyChallenges.$inferInsert): Promise<void> {
      await db.insert(passkeyChallenges).values(row).run();
    },

    /** Deletes a challenge. Resolves with true when it was there, for this purpose and not expired. */
    async takeChallenge(
      of: { hash: string; grantId: string; purposeHash: string },
      now: number,
    ): Promise<boolean> {
      const taken = await db
        .delete(passkeyChallenges)
        .where(
          and(
            eq(passkeyChallenges.hash, of.hash),
            eq(passkeyChallenges.grantId, of.grantId),
            eq(passkeyChallenges.purposeHash, of.purposeHash),
            gt(passkeyChallenges.expiresAt, now),
          ),
        )
        .returning({ hash: passkeyChallenges.hash })
        .all();
      return taken.length === 1;
    },

    async asksEachTime(grantId: string): Promise<boolean> {
      const row = await db
        .select({ eachTime: grants.passkeyEachTime })
        .from(grants)
        .where(eq(grants.id, grantId))
        .get();
      return row?.eachTime ?? false;
    },

    async setEachTime(grantId: string, passkeyEachTime: boolean): Promise<void> {
      await db.update(grants).set({ passkeyEachTime }).where(eq(grants.id, grantId)).run();
    },

    async deleteExpiredChallenges(now: number): Promise<void> {
      await db.delete(passkeyChallenges).where(lte(passkeyChallenges.expiresAt, now)).run();
    },
  };
}
