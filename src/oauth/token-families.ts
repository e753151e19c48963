/**
 * Which tokens die by the use of others (RFC 9700 section 4.14.2).
 *
 * A refresh token may be spent until a token issued from it (a successor) is first presented: a response that was lost
 * ends nothing. From then on it is dead, and its use means that two parties hold it. The successors of one token are
 * siblings. They coexist until one of them is refreshed, which ends the others: only one line of tokens goes on.
 *
 * A dead refresh token keeps its row, with an empty wrapped key; a dead access token is deleted.
 */
import { and, asc, eq, isNull, ne } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Queries } from "../db/database.ts";
import { tokens } from "../db/schema.ts";

/** The value of a wrapped key after its deletion. */
export const deletedKey = Buffer.alloc(0);

/** Maximum number of pairs of tokens that one refresh token has issued and that are all unused. */
const maxUnusedSuccessors = 5;

type Token = Pick<typeof tokens.$inferSelect, "hash" | "grantId" | "parentHash" | "presentedAt">;

/** Creates the rules. Each function runs inside the transaction `tx`. */
export function createTokenFamilies({ clock }: { clock: Clock }) {
  async function killRefreshToken(tx: Queries, hash: string): Promise<void> {
    await tx.update(tokens).set({ wrappedKey: deletedKey }).where(eq(tokens.hash, hash)).run();
  }

  async function killPair(tx: Queries, pairHash: string): Promise<void> {
    await killRefreshToken(tx, pairHash);
    await tx
      .delete(tokens)
      .where(and(eq(tokens.pairHash, pairHash), eq(tokens.kind, "access")))
      .run();
  }

  return {
    /** Records the first use of a token, which kills the refresh token it was issued from. */
    async present(tx: Queries, { hash, parentHash }: Pick<Token, "hash" | "parentHash">): Promise<void> {
      await tx.update(tokens).set({ presentedAt: clock.now() }).where(eq(tokens.hash, hash)).run();
      if (parentHash !== null) await killRefreshToken(tx, parentHash);
    },

    /**
     * Kills the siblings of a refresh token with their access tokens. Tokens of older versions have no recorded parent:
     * those of one grant count as siblings.
     */
    async killSiblings(
      tx: Queries,
      { hash, grantId, parentHash }: Omit<Token, "presentedAt">,
    ): Promise<void> {
      const siblings = await tx
        .select({ hash: tokens.hash })
        .from(tokens)
        .where(
          and(
            eq(tokens.grantId, grantId),
            eq(tokens.kind, "refresh"),
            parentHash === null ? isNull(tokens.parentHash) : eq(tokens.parentHash, parentHash),
            ne(tokens.hash, hash),
            ne(tokens.wrappedKey, deletedKey),
          ),
        )
        .all();
      for (const sibling of siblings) await killPair(tx, sibling.hash);
    },

    /** Kills the oldest unused successors of a refresh token beyond `maxUnusedSuccessors`. */
    async withdrawExcessSuccessors(
      tx: Queries,
      { hash, grantId }: Pick<Token, "hash" | "grantId">,
    ): Promise<void> {
      const unused = await tx
        .select({ hash: tokens.hash })
        .from(tokens)
        .where(
          and(
            eq(tokens.grantId, grantId),
            eq(tokens.kind, "refresh"),
            eq(tokens.parentHash, hash),
            ne(tokens.wrappedKey, deletedKey),
          ),
        )
        .orderBy(asc(tokens.createdAt), asc(tokens.hash))
        .all();
      for (const { hash: pairHash } of unused.slice(0, -maxUnusedSuccessors)) await killPair(tx, pairHash);
    },
  };
}
