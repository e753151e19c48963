/**
 * The undo log: the changes of each organizing call, as email ids sealed under the grant's data key. An operation can
 * be undone once, within 24 hours, by the grant that made it.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { and, desc, eq, gt, isNull, lt, lte, ne, sql } from "drizzle-orm";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { operations } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { type Log, toErrorFields } from "../log.ts";
import type { Change } from "../mail/writing.ts";
import { newId, seal, unseal } from "../secrets.ts";

export const undoLifetimeMs = 24 * 3_600_000;
/** Stands for the tool in the rows of unfinished-log.ts, which nobody can undo. */
export const unfinishedTool = "unfinished";
/** Operations kept for one grant. */
const maxOperations = 1_000;
/** Octets of the operations kept for one grant; one with 5,000 email ids has about 100 KB. */
const maxBytes = 16_000_000;

type Operation = {
  accountId: string;
  /** Name of the tool that made the changes. */
  tool: string;
  changes: Change[];
  /** Number of emails that were erased for good. */
  erased?: number;
};

const storedChanges = z.array(
  z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("moved"), id: z.string().exactOptional(), from: z.string() }),
    z.object({
      kind: z.literal("flags"),
      id: z.string(),
      added: z.array(z.string()),
      removed: z.array(z.string()),
      copiedTo: z.string().exactOptional(),
    }),
  ]),
);

/** One grant's part of the log. */
type GrantOperations = { grant: LiveGrant; db: Database; clock: Clock; log: Log };

export function createUndoLog(deps: { db: Database; clock: Clock; log: Log }) {
  const { db, clock } = deps;
  return {
    /** Deletes operations that can no longer be undone. */
    async sweep(): Promise<void> {
      await db
        .delete(operations)
        .where(lt(operations.createdAt, clock.now() - undoLifetimeMs))
        .run();
    },

    forGrant(grant: LiveGrant) {
      const own: GrantOperations = { ...deps, grant };
      return {
        /**
         * Writes an operation and returns its id. A failed write is returned as `problem` instead of thrown: the
         * change was made, and an error would claim that it was not. Without changes neither is returned.
         */
        record: (operation: Readonly<Operation>) => recordOperation(own, operation),

        /** Lists the operations of the last day, newest first, with the number of emails that each changed. */
        list: () => listOperations(own),

        /** Reads an operation and marks it as undone: it can be taken once. Throws operation_unknown. */
        take: (id: string) => takeOperation(own, id),

        /** Makes a taken operation available again with the changes that are still to be undone. */
        async putBack(id: string, changes: readonly Change[]): Promise<void> {
          await db
            .update(operations)
            .set({ undoneAt: null, changes: sealChanges(grant, id, changes) })
            .where(and(eq(operations.id, id), eq(operations.grantId, grant.id)))
            .run();
        },
      };
    },
  };
}

async function recordOperation(
  own: GrantOperations,
  { accountId, tool, changes, erased = 0 }: Readonly<Operation>,
): Promise<{ id?: string; problem?: string }> {
  const { grant, db, clock, log } = own;
  if (changes.length === 0 && erased === 0) return {};
  const id = newId("op");
  try {
    await db
      .insert(operations)
      .values({
        id,
        grantId: grant.id,
        accountId,
        tool,
        changes: sealChanges(grant, id, changes),
        erased,
        createdAt: clock.now(),
      })
      .run();
    await deleteOldest(own);
  } catch (error) {
    log.error("operation_unwritten", { grant: grant.id, tool, error: toErrorFields(error) });
    return { problem: "It was done, but could not be recorded: undo cannot put it back." };
  }
  return changes.length === 0 ? {} : { id };
}

async function listOperations({ grant, db, clock }: GrantOperations) {
  const rows = await db
    .select()
    .from(operations)
    .where(and(eq(operations.grantId, grant.id), gt(operations.createdAt, clock.now() - undoLifetimeMs)))
    .orderBy(desc(operations.createdAt))
    .all();
  return rows.map(({ id, tool, createdAt, undoneAt, erased, changes }) => {
    const all = unsealChanges(grant, id, changes);
    const moved = all.filter(({ kind }) => kind === "moved").length;
    return { id, tool, createdAt, isUndone: undoneAt !== null, erased, moved, marked: all.length - moved };
  });
}

/** Deletes all but the grant's newest operations, `maxOperations` and `maxBytes` at most. */
async function deleteOldest({ grant, db }: GrantOperations): Promise<void> {
  const newestFirst = await db
    .select({ at: operations.createdAt, bytes: sql<number>`length(${operations.changes})` })
    .from(operations)
    .where(eq(operations.grantId, grant.id))
    .orderBy(desc(operations.createdAt))
    .all();
  let total = 0;
  const newestToDelete = newestFirst.find(({ bytes }, position) => {
    total += bytes;
    return position >= maxOperations || (position > 0 && total > maxBytes);
  });
  if (!newestToDelete) return;
  await db
    .delete(operations)
    .where(and(eq(operations.grantId, grant.id), lte(operations.createdAt, newestToDelete.at)))
    .run();
}

async function takeOperation(
  { grant, db, clock }: GrantOperations,
  id: string,
): Promise<Operation & { id: string }> {
  const isKnown = and(
    eq(operations.id, id),
    eq(operations.grantId, grant.id),
    ne(operations.tool, unfinishedTool),
    gt(operations.createdAt, clock.now() - undoLifetimeMs),
  );
  const row = await db
    .update(operations)
    .set({ undoneAt: clock.now() })
    .where(and(isKnown, isNull(operations.undoneAt)))
    .returning()
    .get();
  if (!row) {
    // The caller may have lost the answer to the first undo.
    const isTaken = await db.select({ id: operations.id }).from(operations).where(isKnown).get();
    throw isTaken ? undoneAlready() : nothingToUndo();
  }
  const { accountId, tool } = row;
  return { id, accountId, tool, changes: unsealChanges(grant, id, row.changes) };
}

const nothingToUndo = () => new AppError("operation_unknown", "There is nothing to undo under this id.");

const undoneAlready = () =>
  new AppError("operation_unknown", "This was undone already, by an earlier call; nothing was done now.", {
    hint: "Look at the mailbox to see where the emails are.",
  });

/** First octet of changes that are compressed; earlier versions wrote plain JSON, which begins with a bracket. */
const deflated = Buffer.from([1]);

function sealChanges(grant: LiveGrant, id: string, changes: readonly Change[]): Buffer {
  const packed = Buffer.concat([deflated, deflateRawSync(JSON.stringify(changes))]);
  return seal(grant.dataKey, packed, toChangesContext(grant, id));
}

function unsealChanges(grant: LiveGrant, id: string, sealed: Buffer): Change[] {
  const packed = unseal(grant.dataKey, sealed, toChangesContext(grant, id));
  const isDeflated = packed.subarray(0, 1).equals(deflated);
  const plain = isDeflated ? inflateRawSync(packed.subarray(1)) : packed;
  return storedChanges.parse(JSON.parse(plain.toString("utf8")));
}

/** Additional data of the sealed changes: binds them to their row. */
function toChangesContext(grant: LiveGrant, id: string): string {
  return `v1 operation ${grant.id} ${id}`;
}
