/** Detection of grants that another process revoked (`email-connector grants revoke`). */
import type { Database } from "../db/database.ts";
import { listGrantIds } from "./grant-admin.ts";

/** Creates a watch that calls `onEnd` once for each tracked grant that no longer exists. */
export function createExternalRevocationWatch({ db, onEnd }: { db: Database; onEnd(grantId: string): void }) {
  const tracked = new Set<string>();
  let lastVersion: number | undefined;

  return {
    /** Adds a grant that is in use in this process. */
    track(grantId: string): void {
      tracked.add(grantId);
    },

    /** Looks for revoked grants; costs next to nothing while no other process has written. */
    async check(): Promise<void> {
      const version = await db.readVersion();
      if (version === lastVersion) return;
      lastVersion = version;
      const existing = await listGrantIds(db);
      for (const grantId of tracked)
        if (!existing.has(grantId)) {
          tracked.delete(grantId);
          onEnd(grantId);
        }
    },
  };
}
