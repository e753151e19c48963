import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { auditOutcomes, outcomes, recordOutcomes, showOutcomes, toEmailSet } from "./outcomes.ts";
import { emailSet } from "./parameters.ts";

export const markAsReadTool = defineTool({
  name: "mark_as_read",
  title: "Mark as read or unread",
  description: "Marks emails as read, or as unread. Can be undone.",
  effect: "write",
  idempotent: true,
  input: z.object({
    ...emailSet,
    read: z.boolean().default(true).describe("false: unread"),
  }),
  output: outcomes.extend({ read: z.boolean() }),
  async run({ read, ...named }, context) {
    const set = toEmailSet(named, context);
    const result = await set.account.markAsRead(set.emails, read);
    return { ...(await recordOutcomes(context, set, "mark_as_read", result)), read };
  },
  render: (data) => showOutcomes(data, data.read ? "marked as read" : "marked as unread"),
  audit: auditOutcomes,
});
