import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { account, cursor, limit, mailbox } from "./parameters.ts";
import { page, showCursor, showRow, showSkipped, toPage } from "./rows.ts";

export const searchEmails = defineTool({
  name: "search_emails",
  title: "Search emails",
  description:
    'Searches with Gmail\'s operators: words, "phrases", from: to: cc: bcc: subject: body: after:2024-05-31 before: on: newer_than:7d older_than:1m is:unread|read|starred|answered|draft has:attachment filename: larger:5M smaller: list: in:mailbox in:anywhere, -not, OR, {a b}, (a b). Newest first, in every mailbox but trash and junk unless one is named.',
  effect: "read",
  input: z.object({
    query: z.string().min(1).max(2000).describe("What to look for; all terms must match"),
    mailbox: mailbox.optional(),
    limit,
    cursor,
    account,
  }),
  output: page,
  async run({ query, mailbox, limit, cursor, account }, { mailFor }) {
    const found = await mailFor({ account }).searchEmails({
      query,
      limit,
      ...(mailbox === undefined ? {} : { mailbox }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    return toPage(found);
  },
  render({ emails, total, cursor, searched, skipped }, fence) {
    const several = searched.length > 1;
    const rows = emails.map((email, at) => showRow(email, at + 1, several));
    const head =
      rows.length === 0 ? "Nothing matches." : `${rows.length} of ${total} that match, newest first.`;
    const where = `Searched: ${searched.join(", ")}.`;
    const inside = [head, ...rows, where, showSkipped(skipped)].filter((line) => line !== "").join("\n");
    return [fence(inside), showCursor(cursor)].filter((part) => part !== "").join("\n");
  },
});
