/**
 * Proofs that the person is at the browser, each used once within five minutes, and the count of wrong passwords on a
 * grant's own pages.
 */
import { and, count, eq, gt, lte } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database, Queries } from "../db/database.ts";
import { proofs, wrongProofs } from "../db/schema.ts";
import { hashSecret, newId, newToken } from "../secrets.ts";
import type { ProofOrigin } from "./decide.ts";

const proofMs = 5 * 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The subject of a proof: an approval, or a grant's own page. */
type ProofSubject = { grantId: string; subject: string };

type FreshOrigin = Exclude<ProofOrigin, "cookie" | "card">;

export type Proofs = ReturnType<typeof createProofs>;

export function createProofs({ db, clock }: { db: Database; clock: Clock }) {
  async function countSince(tx: Queries, grantId: string, ms: number): Promise<number> {
    const row = await tx
      .select({ number: count() })
      .from(wrongProofs)
      .where(and(eq(wrongProofs.grantId, grantId), gt(wrongProofs.createdAt, clock.now() - ms)))
      .get();
    return row?.number ?? 0;
  }

  return {
    /** Issues a proof for one subject: 64 hexadecimal digits. */
    async issue({ grantId, subject }: ProofSubject, origin: FreshOrigin): Promise<string> {
      const proof = newToken();
      await db
        .insert(proofs)
        .values({ hash: hashSecret(proof), grantId, subject, origin, expiresAt: clock.now() + proofMs })
        .run();
      return proof;
    },

    /** Uses a proof up. Returns what proved it; undefined when it is unknown, expired, used or for something else. */
    async consume({ grantId, subject }: ProofSubject, proof: string): Promise<FreshOrigin | undefined> {
      const used = await db
        .delete(proofs)
        .where(
          and(
            eq(proofs.hash, hashSecret(proof)),
            eq(proofs.grantId, grantId),
            eq(proofs.subject, subject),
            gt(proofs.expiresAt, clock.now()),
          ),
        )
        .returning({ origin: proofs.origin })
        .get();
      return used?.origin;
    },

    /**
     * Counts a wrong password and returns its id; undefined, without counting, when there were `maxPerHour` within the
     * hour.
     */
    addWrong(grantId: string, maxPerHour: number): Promise<string | undefined> {
      return db.transaction(async (tx) => {
        await db.lock(tx, grantId);
        if ((await countSince(tx, grantId, hourMs)) >= maxPerHour) return undefined;
        const id = newId("wrg");
        await tx.insert(wrongProofs).values({ id, grantId, createdAt: clock.now() }).run();
        return id;
      });
    },

    /** Takes a count back: the password was right, or could not be tried. */
    async removeWrong(id: string): Promise<void> {
      await db.delete(wrongProofs).where(eq(wrongProofs.id, id)).run();
    },

    /** Number of wrong passwords within the last day. */
    countWrong: (grantId: string): Promise<number> => countSince(db, grantId, dayMs),

    /** Deletes expired proofs, and wrong passwords older than a day. */
    async sweep(): Promise<void> {
      await db.delete(proofs).where(lte(proofs.expiresAt, clock.now())).run();
      await db
        .delete(wrongProofs)
        .where(lte(wrongProofs.createdAt, clock.now() - dayMs))
        .run();
    },
  };
}
