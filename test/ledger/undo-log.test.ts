import { expect, test } from "bun:test";
import { openStore } from "../../src/db/open.ts";
import { grants, operations } from "../../src/db/schema.ts";
import type { LiveGrant } from "../../src/grant.ts";
import { createUndoLog } from "../../src/ledger/undo-log.ts";
import { createLog } from "../../src/log.ts";
import type { Change } from "../../src/mail/mail-account.ts";
import { newId, newKey } from "../../src/secrets.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

const changes: Change[] = [
  { kind: "moved", id: "now", from: "INBOX" },
  { kind: "moved", from: "INBOX" },
  { kind: "flags", id: "x", added: ["\\Seen"], removed: ["$work"] },
];

async function openUndoLog() {
  const { db, close } = await openStore({ dataDir: temporaryFolder("undo-log") });
  const clock = createTestClock();
  const logged: string[] = [];
  const undoLog = createUndoLog({ db, clock, log: createLog("error", (line) => logged.push(line)) });
  const newGrant = async (): Promise<LiveGrant> => {
    const id = newId("grt");
    const times = { createdAt: 0, lastUsedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
    await db
      .insert(grants)
      .values({ id, clientId: "c", redirectHost: "h", level: "send", state: "live", ...times })
      .run();
    return { id, clientId: "c", level: "send", dataKey: newKey(), expiresAt: times.expiresAt };
  };
  return { db, close, clock, undoLog, logged, newGrant };
}

/** The code of the error that `work` throws, or "done". */
const codeOf = async (work: () => Promise<unknown>) => {
  try {
    await work();
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("an operation can be taken once, by its own grant, within 24 hours", async () => {
  const { close, clock, undoLog, newGrant } = await openUndoLog();
  const grant = await newGrant();
  const own = undoLog.forGrant(grant);
  const record = async () => (await own.record({ accountId: "acc_1", tool: "move_email", changes })).id ?? "";
  const [first, second] = [await record(), await record()];
  expect(await codeOf(async () => undoLog.forGrant(await newGrant()).take(first))).toBe("operation_unknown");
  expect(await own.take(first)).toEqual({ id: first, accountId: "acc_1", tool: "move_email", changes });
  expect(await codeOf(() => own.take(first))).toBe("operation_unknown");
  await expect(own.take(first)).rejects.toThrow("undone already");
  await own.putBack(first, changes.slice(0, 1));
  expect((await own.take(first)).changes).toEqual(changes.slice(0, 1));
  clock.advance(24 * 3_600_000);
  expect(await codeOf(() => own.take(second))).toBe("operation_unknown");
  await close();
});

test("the newest 1,000 operations of a grant are kept, and those of other grants are not touched", async () => {
  const { db, close, clock, undoLog, newGrant } = await openUndoLog();
  const grant = await newGrant();
  const record = async (owner: LiveGrant) =>
    (await undoLog.forGrant(owner).record({ accountId: "acc_1", tool: "move_email", changes })).id ?? "";
  const otherGrant = await newGrant();
  const other = await record(otherGrant);
  const ids: string[] = [];
  while (ids.length < 1_002) {
    clock.advance(1);
    ids.push(await record(grant));
  }
  expect((await db.select().from(operations).all()).length).toBe(1_001);
  const taken = ids.slice(0, 3).map((id) => codeOf(() => undoLog.forGrant(grant).take(id)));
  expect(await Promise.all(taken)).toEqual(["operation_unknown", "operation_unknown", "done"]);
  expect(await codeOf(() => undoLog.forGrant(otherGrant).take(other))).toBe("done");
  await close();
});

test("a call that changed nothing is not recorded, and sweep deletes operations older than a day", async () => {
  const { db, close, clock, undoLog, newGrant } = await openUndoLog();
  const own = undoLog.forGrant(await newGrant());
  expect(await own.record({ accountId: "acc_1", tool: "mark_as_read", changes: [] })).toEqual({});
  await own.record({ accountId: "acc_1", tool: "mark_as_read", changes });
  clock.advance(24 * 3_600_000 + 1);
  await undoLog.sweep();
  expect(await db.select().from(operations).all()).toEqual([]);
  await close();
});

test("changes copied from another operation's row cannot be unsealed", async () => {
  const { db, close, undoLog, newGrant } = await openUndoLog();
  const own = undoLog.forGrant(await newGrant());
  const record = async () => (await own.record({ accountId: "a", tool: "t", changes })).id ?? "";
  const [first, second] = [await record(), await record()];
  const rows = await db.select().from(operations).all();
  const other = rows.find(({ id }) => id === second);
  if (!other) throw new Error("no row");
  await db.update(operations).set({ changes: other.changes }).run();
  await expect(own.take(first)).rejects.toThrow();
  await close();
});

test("a change that cannot be recorded is reported as done, without an operation id", async () => {
  const { db, close, undoLog, logged, newGrant } = await openUndoLog();
  const own = undoLog.forGrant(await newGrant());
  await db.run("PRAGMA query_only = ON");
  const { id, problem } = await own.record({ accountId: "acc_1", tool: "move_email", changes });
  expect(id).toBeUndefined();
  expect(problem).toContain("undo cannot put it back");
  expect(logged.join()).toContain("operation_unwritten");
  await db.run("PRAGMA query_only = OFF");
  await close();
});
