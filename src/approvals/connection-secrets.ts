/**
 * The secrets by which a browser is known to a grant: one per browser and grant, in a cookie of the grant's own name.
 * Each wraps the grant's data key, as a token does. Only hashes are stored.
 */
import { and, desc, eq, gt, inArray, lte } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { connectionSecrets, grants } from "../db/schema.ts";
import type { LiveGrant } from "../grant.ts";
import { hashSecret, newToken, type Secrets } from "../secrets.ts";

/** 180 days, in seconds. */
export const connectionCookieSeconds = 180 * 86_400;

/** Browsers of one grant; the oldest is forgotten. */
const maxPerGrant = 20;

export type ConnectionSecrets = ReturnType<typeof createConnectionSecrets>;

/** `toWrapContext`: the additional data of a wrapped data key; the rotation of the server key uses the same. */
export function createConnectionSecrets(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  toWrapContext: (grantId: string) => string;
}) {
  const { db, secrets, clock, toWrapContext } = deps;

  async function deleteOldest(grantId: string): Promise<void> {
    const rows = await db
      .select({ hash: connectionSecrets.hash })
      .from(connectionSecrets)
      .where(eq(connectionSecrets.grantId, grantId))
      .orderBy(desc(connectionSecrets.createdAt))
      .limit(1_000)
      .offset(maxPerGrant)
      .all();
    const excess = rows.map(({ hash }) => hash);
    if (excess.length > 0)
      await db.delete(connectionSecrets).where(inArray(connectionSecrets.hash, excess)).run();
  }

  return {
    /** Stores a new secret of a grant, and returns it: 64 hexadecimal digits. */
    async issue({ grantId, dataKey }: { grantId: string; dataKey: Uint8Array }): Promise<string> {
      const secret = newToken();
      const now = clock.now();
      await db
        .insert(connectionSecrets)
        .values({
          hash: hashSecret(secret),
          grantId,
          wrappedKey: secrets.wrapKey(dataKey, secret, toWrapContext(grantId)),
          createdAt: now,
          expiresAt: now + connectionCookieSeconds * 1000,
        })
        .run();
      await deleteOldest(grantId);
      return secret;
    },

    /** Finds the grant of a secret. Returns undefined when the secret is unknown, expired, or of another grant. */
    async open(grantId: string, secret: string): Promise<LiveGrant | undefined> {
      const row = await db
        .select({ grant: grants, secret: connectionSecrets })
        .from(connectionSecrets)
        .innerJoin(grants, eq(grants.id, connectionSecrets.grantId))
        .where(
          and(
            eq(connectionSecrets.hash, hashSecret(secret)),
            eq(connectionSecrets.grantId, grantId),
            gt(connectionSecrets.expiresAt, clock.now()),
            eq(grants.state, "live"),
          ),
        )
        .get();
      if (!row) return undefined;
      const { id, clientId, level, asksForNewPeople } = row.grant;
      const dataKey = secrets.unwrapKey(row.secret.wrappedKey, secret, toWrapContext(id));
      return { id, clientId, level, asksForNewPeople, dataKey, expiresAt: row.secret.expiresAt };
    },

    /** Deletes expired secrets. */
    async sweep(): Promise<void> {
      await db.delete(connectionSecrets).where(lte(connectionSecrets.expiresAt, clock.now())).run();
    },
  };
}
