import { expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import type { ToolContext } from "../../src/tools/context.ts";
import { createFence } from "../../src/tools/fence.ts";
import { undo } from "../../src/tools/undo.ts";

/** An undo log with one operation in it, and a mailbox whose server answers with what `answers` holds, in turn. */
function prepare(answers: (() => unknown)[]) {
  const operation = { id: "op_1", accountId: "acc_1", tool: "move_email", changes: [{}] };
  let kept: typeof operation | undefined = operation;
  const undoLog = {
    take() {
      if (!kept) throw new AppError("operation_unknown", "There is nothing to undo under this id.");
      const taken = kept;
      kept = undefined;
      return taken;
    },
    putBack: (id: string, changes: (typeof operation)["changes"]) => {
      kept = { ...operation, id, changes };
    },
  };
  const mail = { accountId: "acc_1", undo: async () => answers.shift()?.() };
  const context = { undoLog, accounts: [mail] } as unknown as ToolContext;
  return () => undo.call({ operation_id: "op_1" }, context, createFence("0"));
}

const back = { outcomes: [{ id: "a", done: true }], changes: [], notes: [] };
const halfBack = {
  outcomes: [
    { id: "a", done: true },
    { id: "b", done: false, problem: "It is no longer in its mailbox." },
  ],
  changes: [{}],
  notes: [],
};

test("An undo that came to nothing can be tried again, one that worked cannot", async () => {
  const busy = () => {
    throw new AppError("mail_server_busy", "The mail server is busy.");
  };
  const run = prepare([busy, () => back]);
  await expect(run()).rejects.toMatchObject({ code: "mail_server_busy" });
  expect((await run()).structured).toMatchObject({ done: 1, undone: "move_email" });
  await expect(run()).rejects.toMatchObject({ code: "operation_unknown" });
});

test("An undo that worked in part says what is left, under the same id", async () => {
  const run = prepare([() => halfBack, () => back]);
  const { content } = await run();
  expect(JSON.stringify(content)).toContain("What failed can be tried again: undo with operation_id op_1.");
  expect((await run()).structured).toMatchObject({ done: 1 });
});
