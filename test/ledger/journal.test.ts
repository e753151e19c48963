import { expect, test } from "bun:test";
import { openDatabase } from "../../src/db/open.ts";
import { grants, operations } from "../../src/db/schema.ts";
import type { LiveGrant } from "../../src/grant.ts";
import { createJournal } from "../../src/ledger/journal.ts";
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

function open() {
  const { db, close } = openDatabase({ dataDir: temporaryFolder("journal") });
  const clock = createTestClock();
  const logged: string[] = [];
  const journal = createJournal({ db, clock, log: createLog("error", (line) => logged.push(line)) });
  const newGrant = (): LiveGrant => {
    const id = newId("grt");
    const times = { createdAt: 0, lastUsedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
    db.insert(grants)
      .values({ id, clientId: "c", redirectHost: "h", level: "send", state: "live", ...times })
      .run();
    return { id, clientId: "c", level: "send", dataKey: newKey(), expiresAt: times.expiresAt };
  };
  return { db, close, clock, journal, logged, newGrant };
}

const code = (work: () => unknown) => {
  try {
    work();
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("an operation is taken once, by the grant that did it, within 24 hours", () => {
  const { close, clock, journal, newGrant } = open();
  const grant = newGrant();
  const mine = journal.forGrant(grant);
  const note = () => mine.note({ accountId: "acc_1", tool: "move_email", changes }).id ?? "";
  const [first, second] = [note(), note()];
  expect(code(() => journal.forGrant(newGrant()).take(first))).toBe("operation_unknown");
  expect(mine.take(first)).toEqual({ id: first, accountId: "acc_1", tool: "move_email", changes });
  expect(code(() => mine.take(first))).toBe("operation_unknown");
  mine.giveBack(first, changes.slice(0, 1));
  expect(mine.take(first).changes).toEqual(changes.slice(0, 1));
  clock.advance(24 * 3_600_000);
  expect(code(() => mine.take(second))).toBe("operation_unknown");
  close();
});

test("of one grant the newest thousand are kept, and another grant's are left alone", () => {
  const { db, close, clock, journal, newGrant } = open();
  const grant = newGrant();
  const note = (of: LiveGrant) =>
    journal.forGrant(of).note({ accountId: "acc_1", tool: "move_email", changes }).id ?? "";
  const theirs = newGrant();
  const other = note(theirs);
  const ids = Array.from({ length: 1_002 }, () => {
    clock.advance(1);
    return note(grant);
  });
  expect(db.select().from(operations).all().length).toBe(1_001);
  expect(ids.slice(0, 3).map((id) => code(() => journal.forGrant(grant).take(id)))).toEqual([
    "operation_unknown",
    "operation_unknown",
    "done",
  ]);
  expect(code(() => journal.forGrant(theirs).take(other))).toBe("done");
  close();
});

test("what changed nothing is not written down, and what is a day old is swept away", () => {
  const { db, close, clock, journal, newGrant } = open();
  const mine = journal.forGrant(newGrant());
  expect(mine.note({ accountId: "acc_1", tool: "mark_as_read", changes: [] })).toEqual({});
  mine.note({ accountId: "acc_1", tool: "mark_as_read", changes });
  clock.advance(24 * 3_600_000 + 1);
  journal.sweep();
  expect(db.select().from(operations).all()).toEqual([]);
  close();
});

test("the changes of one operation do not open as another's", () => {
  const { db, close, journal, newGrant } = open();
  const mine = journal.forGrant(newGrant());
  const [first = "", second = ""] = [1, 2].map(() => mine.note({ accountId: "a", tool: "t", changes }).id);
  const rows = db.select().from(operations).all();
  const other = rows.find(({ id }) => id === second);
  if (!other) throw new Error("no row");
  db.update(operations).set({ changes: other.changes }).run();
  expect(() => mine.take(first)).toThrow();
  close();
});

test("a change that cannot be written down is said to be done, without an operation to undo", () => {
  const { db, close, journal, logged, newGrant } = open();
  const mine = journal.forGrant(newGrant());
  db.run("PRAGMA query_only = ON");
  const { id, problem } = mine.note({ accountId: "acc_1", tool: "move_email", changes });
  expect(id).toBeUndefined();
  expect(problem).toContain("undo cannot put it back");
  expect(logged.join()).toContain("operation_unwritten");
  db.run("PRAGMA query_only = OFF");
  close();
});
