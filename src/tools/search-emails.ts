import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { account, cursor, limit, mailbox } from "./parameters.ts";
import {
  emailPage,
  showCursor,
  showRow,
  showSearched,
  showSelection,
  showSkipped,
  showUnreadable,
  toEmailPage,
} from "./rows.ts";
import { allAccounts, searchAccounts } from "./search-accounts.ts";

export const searchEmailsTool = defineTool({
  name: "search_emails",
  title: "Search emails",
  description:
    'Searches with Gmail\'s operators: words, "phrases", from: to: cc: bcc: subject: body: after:2024-05-31 before: on: newer_than:7d older_than:1m is:unread|read|starred|answered|draft has:attachment filename: larger:5M smaller: label: category: (Gmail) sent_after: list:name|* in:mailbox in:anywhere, -not, OR, {a b}, (a b). Newest first, in every mailbox but trash and junk unless one is named.',
  effect: "read",
  input: z.object({
    query: z.string().min(1).max(2000).describe("What to look for; all terms must match"),
    mailbox: mailbox.optional(),
    limit,
    cursor,
    account: account.describe('Address, or "all"; only if several are connected'),
  }),
  output: emailPage,
  async run(
    { query, mailbox, limit, cursor, account: address },
    { accounts, accountFor, selections, signal },
  ) {
    const request = { query, limit, mailbox, cursor };
    if (address === allAccounts && accounts.length > 1) {
      const addresses = accounts.map((account) => account.address);
      return toEmailPage(addresses, await searchAccounts(accounts, request, signal));
    }
    const account = accountFor(address === allAccounts ? {} : { account: address });
    return toEmailPage([account.address], await account.searchEmails(request), selections);
  },
  render(data, fence) {
    const { accounts, emails, total, cursor, searched, unreadable } = data;
    const rows = emails.map((email, at) => showRow(email, at + 1, data));
    const head =
      rows.length === 0 && !unreadable
        ? "Nothing matches."
        : `${rows.length} of ${total} that match, newest first.`;
    const where = [showSearched(searched, accounts, data.more_searched), showSkipped(data, accounts)];
    const inside = [head, ...rows, ...where].filter((line) => line !== "").join("\n");
    return [
      fence(inside),
      ...(data.hints ?? []),
      showUnreadable(unreadable),
      showSelection(data.selection),
      showCursor(cursor),
    ]
      .filter((part) => part !== "")
      .join("\n");
  },
});
