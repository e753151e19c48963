import { z } from "zod";
import type { MailReading } from "../mail/mail-account.ts";
import { defineTool } from "./define-tool.ts";
import { type Fence, mailAnswer, mailLine } from "./fence.ts";
import { account, mailbox } from "./parameters.ts";
import { person, showPerson } from "./rows.ts";
import type { Selections } from "./selections.ts";

/** Senders that are shown in full, each with a selection, and those that are only counted: an answer of 1,200 tokens. */
const maxSenders = 8;
const maxCounted = 10;

const sender = z.object({
  from: person,
  list: mailLine().optional(),
  count: z.int(),
  unread: z.int(),
  newest: z.string(),
  subject: mailLine(),
  selection: z.string().optional(),
});

const overviewAnswer = mailAnswer({
  mailbox: mailLine(),
  total: z.int(),
  unread: z.int(),
  senders: z.array(sender),
  /** The senders after these, by number of emails. */
  others: z.array(mailLine()),
  /** The numbers of senders and of emails that are not named. */
  more_senders: z.int().optional(),
  more_emails: z.int().optional(),
  notes: z.array(z.string()),
});
type Answer = z.output<typeof overviewAnswer>;

export const overviewTool = defineTool({
  name: "overview",
  title: "Who writes to a mailbox",
  description:
    "Counts all emails of a mailbox by sender or mailing list: number, unread, newest subject and date, and a selection of these emails, for the tools that change them.",
  effect: "read",
  input: z.object({
    mailbox: mailbox.default("inbox"),
    since: z.string().trim().max(20).optional().describe("Day (2026-01-31) or span (30d, 6m)"),
    unread_only: z.boolean().default(false).describe("Leave out what was read"),
    account,
  }),
  output: overviewAnswer,
  async run({ mailbox, since, unread_only, account: address }, { accountFor, selections }) {
    const request = { mailbox, since: since || undefined, unreadOnly: unread_only, senders: maxSenders };
    return toAnswer(await accountFor({ account: address }).getOverview(request), selections);
  },
  render: (data, fence) => renderOverview(data, fence),
});

type FoundOverview = Awaited<ReturnType<MailReading["getOverview"]>>;

function toAnswer(
  { mailbox, total, counted, unreadable, unread, senders }: FoundOverview,
  selections: Selections,
): Answer {
  const rest = senders.slice(maxSenders);
  const unnamed = rest.slice(maxCounted);
  return {
    mailbox,
    total,
    unread,
    senders: senders.slice(0, maxSenders).map(({ selection, newest, ...group }) => ({
      ...group,
      newest: newest.slice(0, 10),
      selection: selection && selections.seal(selection),
    })),
    others: rest.slice(0, maxCounted).map(showCount),
    more_senders: unnamed.length || undefined,
    more_emails: unnamed.reduce((sum, { count }) => sum + count, 0) || undefined,
    notes: [
      ...(counted + unreadable < total
        ? [`Only the newest ${counted} of ${total} emails were counted; since narrows it.`]
        : []),
      ...(unreadable > 0
        ? [
            `${unreadable} emails are not counted, because the mail server's answer about them cannot be read.`,
          ]
        : []),
    ],
  };
}

function renderOverview(data: Answer, fence: Fence): string {
  const { mailbox, total, unread, senders, others, more_senders, more_emails, notes } = data;
  if (total === 0) return fence(`${mailbox}: no emails here.`);
  const more = more_senders ? [`${more_senders} others with ${more_emails} emails`] : [];
  return [
    fence(
      [
        `${mailbox}: ${total} emails, ${unread} unread. Who wrote most, with the newest subject:`,
        ...senders.map((group, at) => showSender(group, at + 1)),
        ...(others.length > 0 ? [`Also: ${[...others, ...more].join("; ")}.`] : []),
      ].join("\n"),
    ),
    ...notes,
  ].join("\n");
}

const maxCharacters = 60;
const truncate = (text: string, most = maxCharacters) =>
  text.length > most ? `${text.slice(0, most - 1).toWellFormed()}…` : text;

/** `Ann Lee 14 (2 unread)`. */
function showCount({ from, list, count, unread }: FoundOverview["senders"][number]): string {
  const name = truncate(from.name || list || from.address || "(no sender)", 30);
  return `${name} ${count}${unread > 0 ? ` (${unread} unread)` : ""}`;
}

function showSender(group: Answer["senders"][number], position: number): string {
  const { from, list, count, unread, newest, subject, selection } = group;
  const who = `${truncate(showPerson(from))}${list ? " (list)" : ""}`;
  const numbers = `${count}${unread > 0 ? `, ${unread} unread` : ""}`;
  const line = `${position}. ${who}: ${numbers}; ${newest} ${truncate(subject) || "(no subject)"}`;
  return selection ? `${line}\n   selection ${selection}` : line;
}
