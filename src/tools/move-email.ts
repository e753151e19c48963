import { z } from "zod";
import { quoted } from "../errors.ts";
import { defineTool } from "./define-tool.ts";
import {
  auditOutcomes,
  countMarked,
  outcomes,
  recordOutcomes,
  showOutcomes,
  toEmailSet,
} from "./outcomes.ts";
import { emailSet, mailbox } from "./parameters.ts";

export const moveEmailTool = defineTool({
  name: "move_email",
  title: "Move emails",
  description:
    "Moves emails to another mailbox, such as archive. Answers their new ids, which replace the old ones. Can be undone.",
  effect: "write",
  input: z.object({ ...emailSet, mailbox }),
  output: outcomes.extend({ mailbox: z.string(), marked: z.int() }),
  async run({ mailbox: to, ...named }, context) {
    const set = toEmailSet(named, context);
    const result = await set.account.moveEmails(set.emails, to);
    const outcome = await recordOutcomes(context, set, "move_email", result);
    return { ...outcome, mailbox: result.mailbox ?? to, marked: countMarked(result) };
  },
  render: (data) => showOutcomes(data, describeMove(data)),
  audit: auditOutcomes,
});

function describeMove({ done, marked, mailbox }: { done: number; marked: number; mailbox: string }): string {
  if (marked === 0) return `moved to ${quoted(mailbox)}`;
  return marked === done
    ? `copied to ${quoted(mailbox)}, and the originals marked as deleted`
    : `moved to ${quoted(mailbox)}, of which ${marked} were copied and the originals marked as deleted`;
}
