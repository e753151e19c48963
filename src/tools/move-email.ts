import { z } from "zod";
import { quoted } from "../errors.ts";
import { defineTool } from "./define-tool.ts";
import { auditOutcomes, outcomes, recordOutcomes, showOutcomes } from "./outcomes.ts";
import { emailIds, mailbox } from "./parameters.ts";

export const moveEmailTool = defineTool({
  name: "move_email",
  title: "Move emails",
  description:
    "Moves emails to another mailbox, such as archive. Answers their new ids, which replace the old ones. Can be undone.",
  effect: "write",
  input: z.object({ ids: emailIds, mailbox }),
  output: outcomes.extend({ mailbox: z.string() }),
  async run({ ids, mailbox: to }, { accountFor, undoLog }) {
    const account = accountFor({ ids });
    const result = await account.moveEmails(ids, to);
    return { ...recordOutcomes(undoLog, account, "move_email", result), mailbox: result.mailbox ?? to };
  },
  render: (data) => showOutcomes(data, `moved to ${quoted(data.mailbox)}`),
  audit: auditOutcomes,
});
