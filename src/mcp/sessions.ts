/**
 * MCP sessions as rows, so that they survive a restart. The id is stored as its hash and belongs to one grant:
 * anybody else's id is as unknown as a made-up one.
 */
import { desc, eq, inArray, lte, sql } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/open.ts";
import { sessions } from "../db/schema.ts";
import { hashSecret, newToken } from "../secrets.ts";
import { noteWhereItCan } from "../storage-error.ts";

/** Some clients begin a new session for every call, and never end one: a grant keeps its newest. */
const maxPerGrant = 100;

/** A use is written down at most this often: every row written costs a disk sync. */
const usualTouchEveryMs = 30_000;

/** Sessions remembered, so that a request need not ask the disk for what no other process changes. */
const maxRemembered = 2_000;

export type Session = { hash: string; grantId: string };

export type Sessions = ReturnType<typeof createSessions>;

/** `idleMs`: a session unused for so long (and up to half a minute more, or a tenth of a short time) is over. */
export function createSessions({ db, clock, idleMs }: { db: Database; clock: Clock; idleMs: number }) {
  const touchEveryMs = Math.min(usualTouchEveryMs, idleMs / 10);
  const isOver = (lastUsedAt: number) => clock.now() - lastUsedAt > idleMs + touchEveryMs;

  /** Rows by their hash as they were last seen or written here; a grant that ends elsewhere is met before. */
  const remembered = new LRUCache<string, typeof sessions.$inferSelect>({ max: maxRemembered });
  const byHash = db
    .select()
    .from(sessions)
    .where(eq(sessions.hash, sql.placeholder("hash")))
    .prepare();

  /** Rows that are over, and a grant's oldest beyond its share, which leaves room for one. */
  function sweep(tx: Pick<Database, "select" | "delete">, grantId: string): void {
    tx.delete(sessions)
      .where(lte(sessions.lastUsedAt, clock.now() - idleMs - touchEveryMs - 1))
      .run();
    const extra = tx
      .select({ hash: sessions.hash })
      .from(sessions)
      .where(eq(sessions.grantId, grantId))
      .orderBy(desc(sessions.lastUsedAt), desc(sessions.createdAt))
      .limit(maxPerGrant)
      .offset(maxPerGrant - 1)
      .all();
    const hashes = extra.map(({ hash }) => hash);
    if (hashes.length > 0) tx.delete(sessions).where(inArray(sessions.hash, hashes)).run();
    for (const hash of hashes) remembered.delete(hash);
  }

  /** Notes that a session is in use: a call, or a stream held open. */
  function touch(hash: string): void {
    const lastUsedAt = clock.now();
    noteWhereItCan(() => db.update(sessions).set({ lastUsedAt }).where(eq(sessions.hash, hash)).run());
    const row = remembered.get(hash);
    if (row) remembered.set(hash, { ...row, lastUsedAt });
  }

  function read(hash: string): typeof sessions.$inferSelect | undefined {
    const row = remembered.get(hash) ?? byHash.get({ hash });
    if (row) remembered.set(hash, row);
    return row;
  }

  return {
    touch,

    /** A new session of this grant; returns the id, 64 hex digits, known to the client alone. */
    open(grantId: string): string {
      const id = newToken();
      const now = clock.now();
      // One transaction, one disk sync.
      db.transaction((tx) => {
        sweep(tx, grantId);
        tx.insert(sessions)
          .values({ hash: hashSecret(id), grantId, createdAt: now, lastUsedAt: now })
          .run();
      });
      return id;
    },

    /** The session, when it is this grant's and not over; using it keeps it. */
    find(id: string, grantId: string): Session | undefined {
      const hash = hashSecret(id);
      const row = read(hash);
      if (!row || row.grantId !== grantId || isOver(row.lastUsedAt)) return undefined;
      if (clock.now() - row.lastUsedAt >= touchEveryMs) touch(hash);
      return { hash, grantId };
    },

    /** Ends a session that was found. */
    close(hash: string): void {
      remembered.delete(hash);
      db.delete(sessions).where(eq(sessions.hash, hash)).run();
    },
  };
}
