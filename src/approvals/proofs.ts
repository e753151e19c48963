/**
 * Proofs that the person is at the browser, each used once within five minutes, and the count of wrong passwords on a
 * grant's own pages.
 */
import { and, count, eq, gt, lte } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/open.ts";
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
  return {
    /** Issues a proof for one subject: 64 hexadecimal digits. */
    issue({ grantId, subject }: ProofSubject, origin: FreshOrigin): string {
      const proof = newToken();
      db.insert(proofs)
        .values({ hash: hashSecret(proof), grantId, subject, origin, expiresAt: clock.now() + proofMs })
        .run();
      return proof;
    },

    /** Uses a proof up. Returns what proved it; undefined when it is unknown, expired, used or for something else. */
    consume({ grantId, subject }: ProofSubject, proof: string): FreshOrigin | undefined {
      const used = db
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

    /** Counts a wrong password and returns its id. */
    addWrong(grantId: string): string {
      const id = newId("wrg");
      db.insert(wrongProofs).values({ id, grantId, createdAt: clock.now() }).run();
      return id;
    },

    /** Takes a count back: the password was right, or could not be tried. */
    removeWrong(id: string): void {
      db.delete(wrongProofs).where(eq(wrongProofs.id, id)).run();
    },

    /** Numbers of wrong passwords within the last hour and day. */
    countWrong(grantId: string): { hour: number; day: number } {
      const since = (ms: number) =>
        db
          .select({ number: count() })
          .from(wrongProofs)
          .where(and(eq(wrongProofs.grantId, grantId), gt(wrongProofs.createdAt, clock.now() - ms)))
          .get()?.number ?? 0;
      return { hour: since(hourMs), day: since(dayMs) };
    },

    /** Deletes expired proofs, and wrong passwords older than a day. */
    sweep(): void {
      db.delete(proofs).where(lte(proofs.expiresAt, clock.now())).run();
      db.delete(wrongProofs)
        .where(lte(wrongProofs.createdAt, clock.now() - dayMs))
        .run();
    },
  };
}
