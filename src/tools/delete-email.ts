import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { auditOutcomes, countMarked, outcomes, recordOutcomes, showOutcomes } from "./outcomes.ts";
import { emailIds } from "./parameters.ts";

export const deleteEmailTool = defineTool({
  name: "delete_email",
  title: "Delete emails",
  description:
    "Moves emails to Trash, which can be undone. Emails already in Trash, and every one with permanently, are erased forever: only when the person asked for that.",
  effect: "destroy",
  input: z.object({
    ids: emailIds,
    permanently: z.boolean().default(false).describe("Erase forever, at once"),
  }),
  output: outcomes.extend({ erased: z.int(), marked: z.int() }),
  async run({ ids, permanently }, { accountFor, undoLog }) {
    const account = accountFor({ ids });
    const result = await account.deleteEmails(ids, permanently);
    const done = result.outcomes.filter((outcome) => outcome.done).length;
    // Only a move to Trash can be undone, so a done email without a change was erased.
    const erased = Math.max(0, done - result.changes.length);
    const outcome = recordOutcomes(undoLog, account, "delete_email", result);
    return { ...outcome, erased, marked: countMarked(result) };
  },
  render: (data) => showOutcomes(data, describeDeletion(data)),
  audit: auditOutcomes,
});

type Deletion = { done: number; erased: number; marked: number };

function describeDeletion({ done, erased, marked }: Deletion): string {
  if (marked > 0) return marked === done ? "marked as deleted" : `deleted, ${marked} of them only marked`;
  if (erased === 0) return "moved to Trash";
  return erased === done ? "erased forever" : `deleted, ${erased} of them erased`;
}
