import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { auditOutcomes, outcomes, recordOutcomes, showOutcomes } from "./outcomes.ts";
import { emailIds } from "./parameters.ts";

export const markAsReadTool = defineTool({
  name: "mark_as_read",
  title: "Mark as read or unread",
  description: "Marks emails as read, or as unread. Can be undone.",
  effect: "write",
  idempotent: true,
  input: z.object({
    ids: emailIds,
    read: z.boolean().default(true).describe("false: unread"),
  }),
  output: outcomes.extend({ read: z.boolean() }),
  async run({ ids, read }, { accountFor, undoLog }) {
    const account = accountFor({ ids });
    const result = await account.markAsRead(ids, read);
    return { ...recordOutcomes(undoLog, account, "mark_as_read", result), read };
  },
  render: (data) => showOutcomes(data, data.read ? "marked as read" : "marked as unread"),
  audit: auditOutcomes,
});
