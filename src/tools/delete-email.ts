import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { approval, describeApproval, toApproval } from "./held-action.ts";
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
    "Moves emails to Trash, which can be undone. Emails already in Trash, and every one with permanently, are erased forever: only when the person asked for that. Erasing may wait for the person, who decides at the link in the answer.",
  effect: "destroy",
  showsCard: true,
  input: z.object({
    ...emailSet,
    permanently: z.boolean().default(false).describe("Erase forever, at once"),
  }),
  output: outcomes.extend({ erased: z.int(), marked: z.int(), approval: approval.optional() }),
  async run({ permanently, ...named }, context) {
    const set = toEmailSet(named, context);
    const waiting =
      context.grant.level === "approve"
        ? await planWaiting(set, permanently)
        : { ids: [], rest: [], permanently };
    const { account } = set;
    const held =
      waiting.ids.length > 0 ? await context.approvals.holdDeletion({ account, ...waiting }) : undefined;
    if (held && waiting.rest.length === 0)
      return { done: 0, not_done: [], notes: [], erased: 0, marked: 0, approval: toApproval(held) };
    const now = held ? { account, emails: waiting.rest } : set;
    const result = await account.deleteEmails(now.emails, permanently);
    const done = result.outcomes.filter((outcome) => outcome.done).length;
    // Only a move to Trash can be undone, so a done email without a change was erased.
    const erased = Math.max(0, done - result.changes.length);
    const outcome = await recordOutcomes(context, now, "delete_email", result, erased);
    return { ...outcome, erased, marked: countMarked(result), approval: held && toApproval(held) };
  },
  render: ({ approval: held, ...data }) =>
    [
      ...(held ? [describeApproval(held)] : []),
      ...(held && data.done + data.not_done.length === 0 ? [] : [showOutcomes(data, describeDeletion(data))]),
    ].join("\n"),
  audit: auditOutcomes,
});

/** Emails moved to Trash at once without a way back, at most: where the mail server tells no new ids. */
const maxUnreturnable = 100;

/** The emails whose deletion waits for the person: what would be erased, and many that could not be put back. */
async function planWaiting(
  { account, emails }: ReturnType<typeof toEmailSet>,
  permanently: boolean,
): Promise<{ ids: readonly string[]; permanently: boolean; rest: readonly string[] }> {
  const ids = "selection" in emails ? await account.listSelected(emails.selection, emails.most) : emails;
  const { toErase, toTrash, tellsNewIds } = await account.planDeletion(ids, permanently);
  if (!tellsNewIds && toTrash.length > maxUnreturnable) return { ids, permanently, rest: [] };
  return { ids: toErase, permanently: true, rest: toTrash };
}

type Deletion = { done: number; erased: number; marked: number };

function describeDeletion({ done, erased, marked }: Deletion): string {
  if (marked > 0) return marked === done ? "marked as deleted" : `deleted, ${marked} of them only marked`;
  if (erased === 0) return "moved to Trash";
  return erased === done ? "erased forever" : `deleted, ${erased} of them erased`;
}
