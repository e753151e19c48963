/**
 * MCP sessions as rows, so that they survive a restart. A session belongs to one grant; under any other grant its id is
 * unknown. Only the hash of the id is stored.
 */
import { desc, eq, inArray, lte, sql } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database, Queries } from "../db/database.ts";
import { sessions } from "../db/schema.ts";
import { createLru } from "../lru.ts";
import { hashSecret, newToken } from "../secrets.ts";
import { ignoreStorageErrors } from "../storage-error.ts";
import { type ClientFeatures, noFeatures } from "./client-features.ts";

/** Sessions kept for one grant. Some clients open a session for every call and never end one. */
const maxSessionsPerGrant = 100;

/** Minimum interval between two writes of `lastUsedAt`, because each write costs a disk sync. */
const maxTouchIntervalMs = 30_000;

/** Rows cached in memory, so that a request need not read the database. No other process changes them. */
const maxCached = 2_000;

export type Session = { hash: string; grantId: string; features: ClientFeatures };

export type Sessions = ReturnType<typeof createSessions>;

/**
 * `idleMs`: a session expires after this time without use, plus the interval at which uses are written: 30 seconds, or
 * a tenth of a shorter `idleMs`.
 */
export function createSessions({ db, clock, idleMs }: { db: Database; clock: Clock; idleMs: number }) {
  const touchIntervalMs = Math.min(maxTouchIntervalMs, idleMs / 10);
  const isExpired = (lastUsedAt: number) => clock.now() - lastUsedAt > idleMs + touchIntervalMs;

  /** Rows by hash. A grant that another process ended is refused earlier, by its bearer token. */
  const cached = createLru<string, typeof sessions.$inferSelect>(maxCached);
  const byHash = db
    .select()
    .from(sessions)
    .where(eq(sessions.hash, sql.placeholder("hash")))
    .prepare();

  /** Deletes expired rows, and the oldest of the grant so that one more fits under the limit. */
  async function makeRoom(tx: Queries, grantId: string): Promise<void> {
    await tx
      .delete(sessions)
      .where(lte(sessions.lastUsedAt, clock.now() - idleMs - touchIntervalMs - 1))
      .run();
    const extra = await tx
      .select({ hash: sessions.hash })
      .from(sessions)
      .where(eq(sessions.grantId, grantId))
      .orderBy(desc(sessions.lastUsedAt), desc(sessions.createdAt))
      .limit(maxSessionsPerGrant)
      .offset(maxSessionsPerGrant - 1)
      .all();
    const hashes = extra.map(({ hash }) => hash);
    if (hashes.length > 0) await tx.delete(sessions).where(inArray(sessions.hash, hashes)).run();
    for (const hash of hashes) cached.delete(hash);
  }

  /** Records a use of the session: a call, or an open stream. */
  async function touch(hash: string): Promise<void> {
    const lastUsedAt = clock.now();
    const row = cached.get(hash);
    if (row) cached.set(hash, { ...row, lastUsedAt });
    await ignoreStorageErrors(() =>
      db.update(sessions).set({ lastUsedAt }).where(eq(sessions.hash, hash)).run(),
    );
  }

  async function read(hash: string): Promise<typeof sessions.$inferSelect | undefined> {
    const known = cached.get(hash);
    if (known) return known;
    const row = await byHash.get({ hash });
    if (row) cached.set(hash, row);
    return row;
  }

  return {
    touch,

    /** Forgets a session that another replica has deleted. */
    forget(hash: string): void {
      cached.delete(hash);
    },

    /** Opens a session of this grant; returns its id, 64 hexadecimal digits. */
    async open(grantId: string, features: ClientFeatures = noFeatures): Promise<string> {
      const id = newToken();
      const now = clock.now();
      // One transaction, thus one disk sync.
      await db.transaction(async (tx) => {
        await makeRoom(tx, grantId);
        await tx
          .insert(sessions)
          .values({ hash: hashSecret(id), grantId, createdAt: now, lastUsedAt: now, ...features })
          .run();
      });
      return id;
    },

    /** Finds an unexpired session of this grant, and records the use. */
    async find(id: string, grantId: string): Promise<Session | undefined> {
      const hash = hashSecret(id);
      const row = await read(hash);
      if (!row || row.grantId !== grantId || isExpired(row.lastUsedAt)) return undefined;
      if (clock.now() - row.lastUsedAt >= touchIntervalMs) await touch(hash);
      const { elicitsUrls, showsCards } = row;
      return { hash, grantId, features: { elicitsUrls, showsCards } };
    },

    /** Deletes a session. */
    async close(hash: string): Promise<void> {
      await db.delete(sessions).where(eq(sessions.hash, hash)).run();
      // After the deletion, since a request may read the row until then.
      cached.delete(hash);
      await db.signals.send({ topic: "session_closed", subject: hash });
    },
  };
}
