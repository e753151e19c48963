import { z } from "zod";
import { AppError } from "../errors.ts";
import { defineTool } from "./define-tool.ts";
import { auditOutcomes, outcomes, showOutcomes, toOutcomes } from "./outcomes.ts";

export const undoTool = defineTool({
  name: "undo",
  title: "Undo a change",
  description:
    "Puts back what a move, a deletion to Trash, or a change of flags or read marks did, within 24 hours, once. Says what could not be put back.",
  effect: "write",
  input: z.object({ operation_id: z.string().max(100).describe("From the answer to be undone") }),
  output: outcomes.extend({ undone: z.string() }),
  async run({ operation_id }, { accounts, undoLog }) {
    const operation = await undoLog.take(operation_id);
    try {
      const account = accounts.find(({ accountId }) => accountId === operation.accountId);
      if (!account) throw new AppError("account_unknown", "That account is not connected any more.");
      const result = await account.undo(operation.changes);
      if (result.changes.length === 0) return { ...toOutcomes(result), undone: operation.tool };
      await undoLog.putBack(operation.id, result.changes);
      return { ...toOutcomes(result, operation.id), undone: operation.tool };
    } catch (error) {
      // Nothing was undone, so the operation can be tried again.
      await undoLog.putBack(operation.id, operation.changes);
      throw error;
    }
  },
  render: ({ operation_id, ...data }) =>
    [
      showOutcomes(data, `put back (${data.undone})`),
      ...(operation_id ? [`What failed can be tried again: undo with operation_id ${operation_id}.`] : []),
    ].join("\n"),
  audit: auditOutcomes,
});
