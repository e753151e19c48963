import { expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import type { Change, MailAccount, OrganizeResult } from "../../src/mail/mail-account.ts";
import type { ToolContext, UndoLog } from "../../src/tools/context.ts";
import { createFence } from "../../src/tools/fence.ts";
import { undoTool } from "../../src/tools/undo.ts";

const change: Change = { kind: "flags", id: "b", added: ["\\Seen"], removed: [] };

/** An undo log with one operation, and an account whose `undo` returns the values of `answers` in turn. */
function prepareUndo(answers: (() => OrganizeResult)[]) {
  const operation = { id: "op_1", accountId: "acc_1", tool: "move_email", changes: [change] };
  let kept: typeof operation | undefined = operation;
  const undoLog: UndoLog = {
    record: async () => ({}),
    async take() {
      if (!kept) throw new AppError("operation_unknown", "There is nothing to undo under this id.");
      const taken = kept;
      kept = undefined;
      return taken;
    },
    async putBack(id, changes) {
      kept = { ...operation, id, changes: [...changes] };
    },
  };
  const undo = async () => answers.shift()?.() ?? allUndone;
  const account: Pick<MailAccount, "accountId" | "undo"> = { accountId: "acc_1", undo };
  const context: Pick<ToolContext, "undoLog" | "accounts"> = { undoLog, accounts: [account as MailAccount] };
  return () => undoTool.call({ operation_id: "op_1" }, context as ToolContext, createFence("0".repeat(16)));
}

const allUndone: OrganizeResult = { outcomes: [{ id: "a", done: true }], changes: [], notes: [] };
const partlyUndone: OrganizeResult = {
  outcomes: [
    { id: "a", done: true },
    { id: "b", done: false, problem: "It is no longer in its mailbox." },
  ],
  changes: [change],
  notes: [],
};

test("an undo that failed can be tried again, and one that succeeded cannot", async () => {
  const busy = () => {
    throw new AppError("mail_server_busy", "The mail server is busy.");
  };
  const run = prepareUndo([busy, () => allUndone]);
  await expect(run()).rejects.toMatchObject({ code: "mail_server_busy" });
  expect((await run()).structured).toMatchObject({ done: 1, undone: "move_email" });
  await expect(run()).rejects.toMatchObject({ code: "operation_unknown" });
});

test("a partly successful undo reports the rest, which can be tried again under the same id", async () => {
  const run = prepareUndo([() => partlyUndone, () => allUndone]);
  const { content } = await run();
  expect(JSON.stringify(content)).toContain("What failed can be tried again: undo with operation_id op_1.");
  expect((await run()).structured).toMatchObject({ done: 1 });
});
