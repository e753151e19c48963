import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine } from "./fence.ts";
import { account } from "./parameters.ts";

export const listMailboxesTool = defineTool({
  name: "list_mailboxes",
  title: "List mailboxes",
  description:
    "Lists the connected accounts and their mailboxes (folders): path, role, number of emails, number unread.",
  effect: "read",
  input: z.object({ account }),
  output: mailAnswer({
    accounts: z.array(
      z.object({
        address: z.string(),
        /** True when it has an SMTP server and the person allowed sending. */
        can_send: z.boolean(),
        mailboxes: z.array(
          z.object({
            path: mailLine(),
            role: z.enum(["inbox", "sent", "drafts", "trash", "archive", "junk"]).optional(),
            total: z.int().optional(),
            unread: z.int().optional(),
          }),
        ),
      }),
    ),
  }),
  async run({ account: address }, { accounts, accountFor, grant }) {
    const chosen = address === undefined ? accounts : [accountFor({ account: address })];
    const listed = await Promise.all(
      chosen.map(async (account) => ({
        address: account.address,
        can_send: account.canSend && grant.level === "send",
        mailboxes: await account.listMailboxes(),
      })),
    );
    return { accounts: listed };
  },
  render: ({ accounts }, fence) =>
    accounts
      .map(({ address, can_send, mailboxes }) => {
        const lines = mailboxes.map(
          ({ path, role, total, unread }) =>
            `${path}${role ? ` [${role}]` : ""}: ${total === undefined ? "not counted" : `${total}, ${unread ?? "?"} unread`}`,
        );
        return `${address}${can_send ? "" : " (cannot send)"}\n${fence(lines.join("\n"))}`;
      })
      .join("\n\n"),
});
