import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine } from "./fence.ts";
import { maySend } from "./held-action.ts";
import { account } from "./parameters.ts";

/** Mailboxes listed of an account, those with a role first: 2,000 would take 73 KB. */
const maxMailboxes = 200;

export const listMailboxesTool = defineTool({
  name: "list_mailboxes",
  title: "List mailboxes",
  description:
    "Lists the connected accounts and their mailboxes (folders): path, role, number of emails, number unread.",
  effect: "read",
  input: z.object({
    account,
    under: z.string().max(500).optional().describe("Only mailboxes whose path begins with this"),
  }),
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
        /** Number of mailboxes that are not listed. */
        more: z.int().optional(),
      }),
    ),
    notes: z.array(z.string()).optional(),
  }),
  async run({ account: address, under = "" }, { accounts, damagedAccounts, accountFor, grant }) {
    const chosen = address === undefined ? accounts : [accountFor({ account: address })];
    const listed = await Promise.all(
      chosen.map(async (account) => {
        const all = (await account.listMailboxes()).filter(({ path }) => path.startsWith(under));
        return {
          address: account.address,
          can_send: account.canSend && maySend(grant.level),
          mailboxes: all.slice(0, maxMailboxes),
          more: Math.max(0, all.length - maxMailboxes) || undefined,
        };
      }),
    );
    const notes = damagedAccounts > 0 ? [toDamageNote(damagedAccounts)] : undefined;
    return { accounts: listed, notes };
  },
  render: ({ accounts, notes = [] }, fence) => {
    const sections = accounts.map(({ address, can_send, mailboxes, more }) => {
      const lines = mailboxes.map(
        ({ path, role, total, unread }) =>
          `${path}${role ? ` [${role}]` : ""}: ${total === undefined ? "not counted" : `${total}, ${unread ?? "?"} unread`}`,
      );
      const rest = more ? `\nAnd ${more} more mailboxes: name the beginning of a path in \`under\`.` : "";
      return `${address}${can_send ? "" : " (cannot send)"}\n${fence(lines.join("\n"))}${rest}`;
    });
    return [...sections, ...notes].join("\n\n");
  },
});

function toDamageNote(count: number): string {
  const subject = count === 1 ? "1 more mailbox was" : `${count} more mailboxes were`;
  return `${subject} connected, but what was stored of ${count === 1 ? "it" : "them"} is damaged. Connect the mailbox again.`;
}
