import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import {
  auditOutcomes,
  countMarked,
  outcomes,
  recordOutcomes,
  showOutcomes,
  toEmailSet,
} from "./outcomes.ts";
import { emailSet } from "./parameters.ts";

export const deleteEmailTool = defineTool({
  name: "delete_email",
  title: "Delete emails",
  description:
    "Moves emails to Trash, which can be undone. Emails already in Trash, and every one with permanently, are erased forever: only when the person asked for that.",
  effect: "destroy",
  input: z.object({
    ...emailSet,
    permanently: z.boolean().default(false).describe("Erase forever, at once"),
  }),
  output: outcomes.extend({ erased: z.int(), marked: z.int() }),
  async run({ permanently, ...named }, context) {
    const set = toEmailSet(named, context);
    const result = await set.account.deleteEmails(set.emails, permanently);
    const done = result.outcomes.filter((outcome) => outcome.done).length;
    // Only a move to Trash can be undone, so a done email without a change was erased.
    const erased = Math.max(0, done - result.changes.length);
    const outcome = recordOutcomes(context, set, "delete_email", result);
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
