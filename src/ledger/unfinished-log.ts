/**
 * Writes that were begun and not ended, sealed like the undo log and in its table, so that they are found again after
 * the connection was lost twice, and after a restart.
 */
import { and, asc, eq, gt } from "drizzle-orm";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { operations } from "../db/schema.ts";
import type { LiveGrant } from "../grant.ts";
import { type Log, toErrorFields } from "../log.ts";
import type { UnfinishedWrite, UnfinishedWrites } from "../mail/unfinished.ts";
import { newId, seal, unseal } from "../secrets.ts";
import { undoLifetimeMs, unfinishedTool } from "./undo-log.ts";

const storedWrite = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("transfer"),
    mailbox: z.string(),
    uidValidity: z.string().transform(BigInt),
    destination: z.string(),
    identities: z.array(z.tuple([z.number(), z.string()])).transform((pairs) => new Map(pairs)),
    uidNext: z.number().exactOptional(),
  }),
  z.object({
    kind: z.literal("append"),
    mailbox: z.string(),
    messageId: z.string(),
    contentHash: z.string(),
  }),
]);

export function createUnfinishedLog({ db, clock, log }: { db: Database; clock: Clock; log: Log }) {
  /** Runs a statement whose failure must not stop the write that it is about. */
  async function attempt(grant: LiveGrant, statement: () => Promise<unknown>): Promise<void> {
    try {
      await statement();
    } catch (error) {
      log.error("operation_unwritten", {
        grant: grant.id,
        tool: unfinishedTool,
        error: toErrorFields(error),
      });
    }
  }

  return {
    /** The unfinished writes of one account of a grant. */
    forAccount(grant: LiveGrant, accountId: string): UnfinishedWrites {
      const remove = (id: string) =>
        attempt(grant, () =>
          db
            .delete(operations)
            .where(and(eq(operations.id, id), eq(operations.grantId, grant.id)))
            .run(),
        );
      return {
        async begin(write) {
          const id = newId("op");
          const sealed = seal(grant.dataKey, toStored(write), toWriteContext(grant, id));
          const row = { id, grantId: grant.id, accountId, tool: unfinishedTool, changes: sealed };
          await attempt(grant, () =>
            db
              .insert(operations)
              .values({ ...row, createdAt: clock.now() })
              .run(),
          );
          return () => remove(id);
        },

        async list() {
          const rows = await db
            .select()
            .from(operations)
            .where(
              and(
                eq(operations.grantId, grant.id),
                eq(operations.accountId, accountId),
                eq(operations.tool, unfinishedTool),
                gt(operations.createdAt, clock.now() - undoLifetimeMs),
              ),
            )
            .orderBy(asc(operations.createdAt))
            .all();
          return rows.map(({ id, changes }) => {
            const plain = unseal(grant.dataKey, changes, toWriteContext(grant, id)).toString("utf8");
            return { ...storedWrite.parse(JSON.parse(plain)), end: () => remove(id) };
          });
        },
      };
    },
  };
}

function toStored(write: UnfinishedWrite): string {
  return JSON.stringify(
    write.kind === "append"
      ? write
      : { ...write, uidValidity: String(write.uidValidity), identities: [...write.identities] },
  );
}

/** Additional data of a sealed write: binds it to its row, and keeps it apart from the changes of an operation. */
function toWriteContext(grant: LiveGrant, id: string): string {
  return `v1 unfinished ${grant.id} ${id}`;
}
