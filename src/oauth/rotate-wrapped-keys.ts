/** The second half of a server key rotation: wraps every data key under the new server key. */
import { eq } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import {
  approvals,
  authorizationCodes,
  authorizationRequests,
  connectionSecrets,
  links,
  signIns,
  tokens,
} from "../db/schema.ts";
import type { Secrets } from "../secrets.ts";
import { signInContext } from "../signin/sign-ins.ts";
import { toWrapContext } from "./wrap-context.ts";

/**
 * Wraps all data keys under the first key of the ring, in one transaction. Needs none of the tokens, codes, cookies,
 * links or states.
 * Returns the number of keys. Throws, without a change, when a key opens with no key of the ring.
 */
export function rotateWrappedKeys(db: Database, secrets: Secrets): Promise<number> {
  return db.transaction(async (tx) => {
    let rotated = 0;
    const rotate = (wrapped: Buffer, context: string) => {
      rotated += 1;
      return secrets.rewrapKey(wrapped, context);
    };
    for (const row of await tx.select().from(tokens).all())
      if (row.wrappedKey.length > 0)
        await tx
          .update(tokens)
          .set({ wrappedKey: rotate(row.wrappedKey, toWrapContext(row.kind, row.grantId)) })
          .where(eq(tokens.hash, row.hash))
          .run();
    for (const row of await tx.select().from(authorizationCodes).all())
      if (row.wrappedKey.length > 0)
        await tx
          .update(authorizationCodes)
          .set({ wrappedKey: rotate(row.wrappedKey, toWrapContext("code", row.grantId)) })
          .where(eq(authorizationCodes.hash, row.hash))
          .run();
    for (const row of await tx.select().from(authorizationRequests).all())
      if (row.wrappedKey !== null && row.grantId !== null)
        await tx
          .update(authorizationRequests)
          .set({ wrappedKey: rotate(row.wrappedKey, toWrapContext("request", row.grantId)) })
          .where(eq(authorizationRequests.hash, row.hash))
          .run();
    for (const row of await tx.select().from(links).all())
      if (row.wrappedKey.length > 0)
        await tx
          .update(links)
          .set({ wrappedKey: rotate(row.wrappedKey, toWrapContext("link", row.grantId)) })
          .where(eq(links.hash, row.hash))
          .run();
    for (const row of await tx.select().from(connectionSecrets).all())
      await tx
        .update(connectionSecrets)
        .set({ wrappedKey: rotate(row.wrappedKey, toWrapContext("connection", row.grantId)) })
        .where(eq(connectionSecrets.hash, row.hash))
        .run();
    for (const row of await tx.select().from(approvals).all())
      if (row.wrappedKey.length > 0)
        await tx
          .update(approvals)
          .set({ wrappedKey: rotate(row.wrappedKey, toWrapContext("approval", row.grantId)) })
          .where(eq(approvals.id, row.id))
          .run();
    for (const row of await tx.select().from(signIns).all())
      if (row.sealed !== null)
        await tx
          .update(signIns)
          .set({ sealed: rotate(row.sealed, signInContext) })
          .where(eq(signIns.hash, row.hash))
          .run();
    return rotated;
  });
}
