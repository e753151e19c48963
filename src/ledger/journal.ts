/**
 * The undo journal: what each organising call changed, as email ids sealed under the grant's data key. An operation
 * can be undone for 24 hours, once, by the grant that did it; of more than a thousand, the newest thousand.
 */
import { and, desc, eq, gt, isNull, lt, lte } from "drizzle-orm";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/open.ts";
import { operations } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { type Log, toErrorFields } from "../log.ts";
import type { Change } from "../mail/writing.ts";
import { newId, seal, unseal } from "../secrets.ts";

const lifetimeMs = 24 * 3_600_000;
/** Operations of one grant: an operation may name 500 emails, and a disk has an end. */
const maxKept = 1_000;

export type Operation = {
  id: string;
  accountId: string;
  /** The tool that did it. */
  tool: string;
  changes: Change[];
};

const changeList = z.array(
  z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("moved"), id: z.string().exactOptional(), from: z.string() }),
    z.object({
      kind: z.literal("flags"),
      id: z.string(),
      added: z.array(z.string()),
      removed: z.array(z.string()),
    }),
  ]),
);

/** An operation's id, or why there is none; neither when nothing changed. */
export type Noted = { id?: string; problem?: string };

export type Journal = ReturnType<ReturnType<typeof createJournal>["forGrant"]>;

export function createJournal({ db, clock, log }: { db: Database; clock: Clock; log: Log }) {
  return {
    /** Forgets what can no longer be undone. */
    sweep(): void {
      db.delete(operations)
        .where(lt(operations.createdAt, clock.now() - lifetimeMs))
        .run();
    },

    forGrant(grant: LiveGrant) {
      const context = (id: string) => `v1 operation ${grant.id} ${id}`;
      const toSealed = (id: string, changes: readonly Change[]) =>
        seal(grant.dataKey, JSON.stringify(changes), context(id));

      /** Forgets what is older than the newest `maxKept`. */
      function forgetOldest(): void {
        const past = db
          .select({ at: operations.createdAt })
          .from(operations)
          .where(eq(operations.grantId, grant.id))
          .orderBy(desc(operations.createdAt))
          .limit(1)
          .offset(maxKept)
          .get();
        if (past)
          db.delete(operations)
            .where(and(eq(operations.grantId, grant.id), lte(operations.createdAt, past.at)))
            .run();
      }

      return {
        /**
         * Writes down what a call changed. That it cannot be written down is answered, not thrown: the change is
         * made, and an error would say that it is not.
         */
        note(done: { accountId: string; tool: string; changes: readonly Change[] }): Noted {
          if (done.changes.length === 0) return {};
          const id = newId("op");
          const { accountId, tool } = done;
          try {
            db.insert(operations)
              .values({
                id,
                grantId: grant.id,
                accountId,
                tool,
                changes: toSealed(id, done.changes),
                createdAt: clock.now(),
              })
              .run();
            forgetOldest();
          } catch (error) {
            log.error("operation_unwritten", { grant: grant.id, tool, error: toErrorFields(error) });
            return { problem: "It was done, but could not be written down here: undo cannot put it back." };
          }
          return { id };
        },

        /** Takes an operation to undo it: nobody else gets it a second time. Throws operation_unknown. */
        take(id: string): Operation {
          const row = db
            .update(operations)
            .set({ undoneAt: clock.now() })
            .where(
              and(
                eq(operations.id, id),
                eq(operations.grantId, grant.id),
                isNull(operations.undoneAt),
                gt(operations.createdAt, clock.now() - lifetimeMs),
              ),
            )
            .returning()
            .get();
          if (!row) throw new AppError("operation_unknown", "There is nothing to undo under this id.");
          const { accountId, tool } = row;
          const changes = changeList.parse(
            JSON.parse(unseal(grant.dataKey, row.changes, context(id)).toString("utf8")),
          );
          return { id, accountId, tool, changes };
        },

        /** Gives an operation back of which these changes could not be undone yet. */
        giveBack(id: string, changes: readonly Change[]): void {
          db.update(operations)
            .set({ undoneAt: null, changes: toSealed(id, changes) })
            .where(and(eq(operations.id, id), eq(operations.grantId, grant.id)))
            .run();
        },
      };
    },
  };
}
