import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { account, cursor, limit, mailbox } from "./parameters.ts";
import { emailPage, showCursor, showRow, showUnreadable, toEmailPage } from "./rows.ts";

export const getRecentEmailsTool = defineTool({
  name: "get_recent_emails",
  title: "Get recent emails",
  description:
    "Lists the newest emails of one mailbox (the inbox unless named): id, sender, subject, date, state, attachments, and the first words. Use search_emails to look for something.",
  effect: "read",
  input: z.object({
    mailbox: mailbox.default("inbox"),
    limit,
    unread_only: z.boolean().default(false).describe("Leave out what was read"),
    cursor,
    account,
  }),
  output: emailPage.extend({ unread_only: z.boolean().optional() }),
  async run({ mailbox, limit, unread_only, cursor, account: address }, { accountFor }) {
    const account = accountFor({ account: address });
    const found = await account.listEmails({ mailbox, limit, unreadOnly: unread_only, cursor });
    return { ...toEmailPage([account.address], found), unread_only: unread_only || undefined };
  },
  render(data, fence) {
    const { emails, total, cursor, searched, unread_only, unreadable } = data;
    const rows = emails.map((email, at) => showRow(email, at + 1, data));
    const where = searched.join(", ");
    if (rows.length === 0 && !unreadable)
      return fence(`${where}: no ${unread_only ? "unread emails" : "emails"} here.`);
    const head = `${where}: ${rows.length} of ${total}${unread_only ? " unread" : ""}, newest first.`;
    const parts = [fence([head, ...rows].join("\n")), showUnreadable(unreadable), showCursor(cursor)];
    return parts.filter((part) => part !== "").join("\n");
  },
});
