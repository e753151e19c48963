import { expect, test } from "bun:test";
import { openDatabase } from "../../src/db/open.ts";
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

function openUndoLog() {
  const { db, close } = openDatabase({ dataDir: temporaryFolder("undo-log") });
  const clock = createTestClock();
  const logged: string[] = [];
  const undoLog = createUndoLog({ db, clock, log: createLog("error", (line) => logged.push(line)) });
  const newGrant = (): LiveGrant => {
    const id = newId("grt");
    const times = { createdAt: 0, lastUsedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
    db.insert(grants)
      .values({ id, clientId: "c", redirectHost: "h", level: "send", state: "live", ...times })
      .run();
    return { id, clientId: "c", level: "send", dataKey: newKey(), expiresAt: times.expiresAt };
  };
  return { db, close, clock, undoLog, logged, newGrant };
}

/** The code of the error that `work` throws, or "done". */
const codeOf = (work: () => unknown) => {
  try {
    work();
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("an operation can be taken once, by its own grant, within 24 hours", () => {
  const { close, clock, undoLog, newGrant } = openUndoLog();
  const grant = newGrant();
  const own = undoLog.forGrant(grant);
  const record = () => own.record({ accountId: "acc_1", tool: "move_email", changes }).id ?? "";
  const [first, second] = [record(), record()];
  expect(codeOf(() => undoLog.forGrant(newGrant()).take(first))).toBe("operation_unknown");
  expect(own.take(first)).toEqual({ id: first, accountId: "acc_1", tool: "move_email", changes });
  expect(codeOf(() => own.take(first))).toBe("operation_unknown");
  expect(() => own.take(first)).toThrow("undone already");
  own.putBack(first, changes.slice(0, 1));
  expect(own.take(first).changes).toEqual(changes.slice(0, 1));
  clock.advance(24 * 3_600_000);
  expect(codeOf(() => own.take(second))).toBe("operation_unknown");
  close();
});

test("the newest 1,000 operations of a grant are kept, and those of other grants are not touched", () => {
  const { db, close, clock, undoLog, newGrant } = openUndoLog();
  const grant = newGrant();
  const record = (owner: LiveGrant) =>
    undoLog.forGrant(owner).record({ accountId: "acc_1", tool: "move_email", changes }).id ?? "";
  const otherGrant = newGrant();
  const other = record(otherGrant);
  const ids = Array.from({ length: 1_002 }, () => {
    clock.advance(1);
    return record(grant);
  });
  expect(db.select().from(operations).all().length).toBe(1_001);
  expect(ids.slice(0, 3).map((id) => codeOf(() => undoLog.forGrant(grant).take(id)))).toEqual([
    "operation_unknown",
    "operation_unknown",
    "done",
  ]);
  expect(codeOf(() => undoLog.forGrant(otherGrant).take(other))).toBe("done");
  close();
});

test("a call that changed nothing is not recorded, and sweep deletes operations older than a day", () => {
  const { db, close, clock, undoLog, newGrant } = openUndoLog();
  const own = undoLog.forGrant(newGrant());
  expect(own.record({ accountId: "acc_1", tool: "mark_as_read", changes: [] })).toEqual({});
  own.record({ accountId: "acc_1", tool: "mark_as_read", changes });
  clock.advance(24 * 3_600_000 + 1);
  undoLog.sweep();
  expect(db.select().from(operations).all()).toEqual([]);
  close();
});

test("changes copied from another operation's row cannot be unsealed", () => {
  const { db, close, undoLog, newGrant } = openUndoLog();
  const own = undoLog.forGrant(newGrant());
  const [first = "", second = ""] = [1, 2].map(() => own.record({ accountId: "a", tool: "t", changes }).id);
  const rows = db.select().from(operations).all();
  const other = rows.find(({ id }) => id === second);
  if (!other) throw new Error("no row");
  db.update(operations).set({ changes: other.changes }).run();
  expect(() => own.take(first)).toThrow();
  close();
});

test("a change that cannot be recorded is reported as done, without an operation id", () => {
  const { db, close, undoLog, logged, newGrant } = openUndoLog();
  const own = undoLog.forGrant(newGrant());
  db.run("PRAGMA query_only = ON");
  const { id, problem } = own.record({ accountId: "acc_1", tool: "move_email", changes });
  expect(id).toBeUndefined();
  expect(problem).toContain("undo cannot put it back");
  expect(logged.join()).toContain("operation_unwritten");
  db.run("PRAGMA query_only = OFF");
  close();
});
