import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { auditOutcomes, outcomes, recordOutcomes, showOutcomes } from "./outcomes.ts";
import { emailIds } from "./parameters.ts";

export const deleteEmail = defineTool({
  name: "delete_email",
  title: "Delete emails",
  description:
    "Moves emails to Trash, which can be undone. Emails that are in Trash already, and all of them with permanently, are erased for ever: only when the person asked for that.",
  effect: "destroy",
  input: z.object({
    ids: emailIds,
    permanently: z.boolean().default(false).describe("Erase for ever, at once"),
  }),
  output: outcomes.extend({ erased: z.int() }),
  async run({ ids, permanently }, { accountFor, undoLog }) {
    const account = accountFor({ ids });
    const deleted = await account.deleteEmails(ids, permanently);
    const kept = deleted.changes.length;
    const done = deleted.outcomes.filter((outcome) => outcome.done).length;
    return { ...recordOutcomes(undoLog, account, "delete_email", deleted), erased: Math.max(0, done - kept) };
  },
  render: (data) =>
    showOutcomes(
      data,
      data.erased === 0
        ? "moved to Trash"
        : data.erased === data.done
          ? "erased for ever"
          : `deleted, ${data.erased} of them erased`,
    ),
  audit: auditOutcomes,
});
