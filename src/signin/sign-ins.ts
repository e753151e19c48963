/**
 * Sign-ins under way at an issuer: a row each, found by the hash of its state and sealed under the state, which only the
 * browser and the issuer hold. A row is spent at the first arrival, in whatever browser, and expires after ten minutes.
 */
import { and, eq, isNotNull, lte } from "drizzle-orm";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { signIns } from "../db/schema.ts";
import type { Level } from "../grant.ts";
import { hashSecret, newToken, type Secrets } from "../secrets.ts";

/** Lifetime of a sign-in, from leaving for the issuer to coming back. */
const signInLifetimeMs = 10 * 60_000;

const common = {
  /** Id of the issuer, and the tenant to which its tokens will belong. */
  issuer: z.string(),
  tenant: z.string().optional(),
  /** The typed address: the mail server must accept a login as this one. */
  address: z.string(),
  verifier: z.string(),
  nonce: z.string(),
  /** Hash of the id in the cookie of the browser that left. */
  browserHash: z.string(),
};

const signInShape = z.discriminatedUnion("kind", [
  z.object({
    ...common,
    /** The first account of a grant, or a further one. */
    kind: z.enum(["connect", "add"]),
    /** The sealed authorization request. */
    request: z.string(),
    /** The id of the preset of the mailbox, or "generic". */
    provider: z.string(),
    level: z.custom<Level>((value) => typeof value === "string"),
    /** The check mark beneath the level (LiveGrant.asksForNewPeople). */
    asksForNewPeople: z.boolean(),
  }),
  z.object({
    ...common,
    /** Proof that the person who decides about an approval owns the account. */
    kind: z.literal("prove"),
    /** The id of what is to be decided, in the terms of who asked for the proof. */
    approval: z.string(),
  }),
]);

/** A sign-in under way. */
export type SignIn = z.infer<typeof signInShape>;

export type SignIns = ReturnType<typeof createSignIns>;

export function createSignIns({ db, secrets, clock }: { db: Database; secrets: Secrets; clock: Clock }) {
  return {
    /** Stores a sign-in and returns its state: 64 hex digits. */
    async begin(content: SignIn): Promise<string> {
      const state = newToken();
      const plain = Buffer.from(JSON.stringify(content), "utf8");
      await db
        .insert(signIns)
        .values({
          hash: hashSecret(state),
          sealed: secrets.wrapKey(plain, state, signInContext),
          expiresAt: clock.now() + signInLifetimeMs,
        })
        .run();
      return state;
    },

    /** Returns the sign-in of a state and makes it unusable. Undefined when it is unknown, spent or expired. */
    async spend(state: string): Promise<SignIn | undefined> {
      const isOpen = and(eq(signIns.hash, hashSecret(state)), isNotNull(signIns.sealed));
      const row = await db.transaction(async (tx) => {
        const found = await tx.select().from(signIns).where(isOpen).get();
        // The row stays until it expires. Of two arrivals at once, one finds it open.
        const spent = await tx.update(signIns).set({ sealed: null }).where(isOpen).returning().all();
        return spent.length === 1 ? found : undefined;
      });
      if (!row?.sealed || row.expiresAt <= clock.now()) return undefined;
      const plain = secrets.unwrapKey(row.sealed, state, signInContext).toString("utf8");
      return signInShape.parse(JSON.parse(plain));
    },

    /** Deletes expired rows. */
    async sweep(): Promise<void> {
      await db.delete(signIns).where(lte(signIns.expiresAt, clock.now())).run();
    },
  };
}

/** The additional data of a sealed sign-in. */
export const signInContext = "v1 sign-in";
