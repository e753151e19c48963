/** Detection of grants that another process revoked (`email-connector grants revoke`). */
import { sql } from "drizzle-orm";
import type { Database } from "../db/open.ts";
import { listGrantIds } from "./grant-admin.ts";

/** Creates a watch that calls `onEnd` once for each tracked grant that no longer exists. */
export function createExternalRevocationWatch({ db, onEnd }: { db: Database; onEnd(grantId: string): void }) {
  const tracked = new Set<string>();
  let lastVersion = readDataVersion();

  /** SQLite changes this number when another connection has committed. */
  function readDataVersion(): number | undefined {
    return db.all<{ data_version: number }>(sql`PRAGMA data_version`)[0]?.data_version;
  }

  return {
    /** Adds a grant that is in use in this process. */
    track(grantId: string): void {
      tracked.add(grantId);
    },

    /** Looks for revoked grants; costs one PRAGMA while no other process has written. */
    check(): void {
      const version = readDataVersion();
      if (version === lastVersion) return;
      lastVersion = version;
      const existing = listGrantIds(db);
      for (const grantId of tracked)
        if (!existing.has(grantId)) {
          tracked.delete(grantId);
          onEnd(grantId);
        }
    },
  };
}
