/** Grants that another process ended (`grants revoke`): noticed, so that what they still hold open here is closed. */
import { sql } from "drizzle-orm";
import type { Database } from "../db/open.ts";
import { listGrantIds } from "./grant-admin.ts";

/** `onEnd` is called once for each grant that was used here and is gone. */
export function createExternalRevocationWatch({ db, onEnd }: { db: Database; onEnd(grantId: string): void }) {
  const used = new Set<string>();
  let version = dataVersion();

  /** SQLite counts up when another connection has committed something. */
  function dataVersion(): number | undefined {
    return db.all<{ data_version: number }>(sql`PRAGMA data_version`)[0]?.data_version;
  }

  return {
    /** A grant is in use here. */
    track(grantId: string): void {
      used.add(grantId);
    },

    /** Cheap as long as nobody else wrote: call it often. */
    check(): void {
      const now = dataVersion();
      if (now === version) return;
      version = now;
      const there = listGrantIds(db);
      for (const grantId of used)
        if (!there.has(grantId)) {
          used.delete(grantId);
          onEnd(grantId);
        }
    },
  };
}
