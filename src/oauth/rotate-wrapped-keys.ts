/** Moves every wrapped data key under the first key of the ring, without knowing any of the live secrets. */
import { eq } from "drizzle-orm";
import type { Database } from "../db/open.ts";
import { authorizationCodes, authorizationRequests, links, tokens } from "../db/schema.ts";
import type { Secrets } from "../secrets.ts";
import { toWrapContext } from "./wrap-context.ts";

/** All or nothing. Returns how many keys were moved. Throws when one opens with no key of the ring. */
export function rotateWrappedKeys(db: Database, secrets: Secrets): number {
  return db.transaction(
    () => {
      let moved = 0;
      const rewrap = (wrapped: Buffer, context: string) => {
        moved += 1;
        return secrets.rewrapKey(wrapped, context);
      };
      for (const row of db.select().from(tokens).all())
        if (row.wrappedKey.length > 0)
          db.update(tokens)
            .set({ wrappedKey: rewrap(row.wrappedKey, toWrapContext(row.kind, row.grantId)) })
            .where(eq(tokens.hash, row.hash))
            .run();
      for (const row of db.select().from(authorizationCodes).all())
        if (row.wrappedKey.length > 0)
          db.update(authorizationCodes)
            .set({ wrappedKey: rewrap(row.wrappedKey, toWrapContext("code", row.grantId)) })
            .where(eq(authorizationCodes.hash, row.hash))
            .run();
      for (const row of db.select().from(authorizationRequests).all())
        if (row.wrappedKey !== null && row.grantId !== null)
          db.update(authorizationRequests)
            .set({ wrappedKey: rewrap(row.wrappedKey, toWrapContext("request", row.grantId)) })
            .where(eq(authorizationRequests.hash, row.hash))
            .run();
      for (const row of db.select().from(links).all())
        if (row.wrappedKey.length > 0)
          db.update(links)
            .set({ wrappedKey: rewrap(row.wrappedKey, toWrapContext("link", row.grantId)) })
            .where(eq(links.hash, row.hash))
            .run();
      return moved;
    },
    { behavior: "immediate" },
  );
}
