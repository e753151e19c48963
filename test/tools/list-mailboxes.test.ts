/** list_mailboxes, where the credentials of another account cannot be read. */
import { expect, test } from "bun:test";
import type { ToolContext } from "../../src/tools/context.ts";
import { createFence } from "../../src/tools/fence.ts";
import { listMailboxesTool } from "../../src/tools/list-mailboxes.ts";

test("the mailboxes of the other accounts are followed by what to do about a damaged one", async () => {
  const account = {
    address: "ann@example.org",
    canSend: false,
    listMailboxes: async () => [{ path: "INBOX", role: "inbox", total: 2, unread: 1 }],
  };
  const context: object = { accounts: [account], damagedAccounts: 1, grant: { id: "grt_1", level: "read" } };
  const { content } = await listMailboxesTool.call(
    {},
    context as ToolContext,
    createFence("0123456789abcdef"),
  );
  const text = content.map((item) => (item.type === "text" ? item.text : "")).join("\n");
  expect(text).toContain("INBOX [inbox]: 2, 1 unread");
  expect(text).toEndWith(
    "1 more mailbox was connected, but what was stored of it is damaged. Connect the mailbox again.",
  );
});
