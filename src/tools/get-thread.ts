import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine, mailText } from "./fence.ts";
import { emailId } from "./parameters.ts";
import { person, showPerson, showSearched, showSkipped } from "./rows.ts";

const threadEmail = z.object({
  id: z.string(),
  mailbox: mailLine(),
  from: person,
  to: z.array(person),
  cc: z.array(person),
  subject: mailLine(),
  date: z.string(),
  unread: z.boolean(),
  draft: z.boolean(),
  deleted: z.literal(true).optional(),
  attachments: z.array(z.object({ index: z.int(), name: mailLine() })),
  body: mailText(),
  /** Characters of the body that are not in this answer. */
  left: z.int(),
  /** True when a part of the email was not fetched. */
  cut: z.boolean(),
});

export const getThreadTool = defineTool({
  name: "get_thread",
  title: "Read a conversation",
  description:
    "Reads the conversation an email belongs to, oldest first, from inbox, sent and archive: each email once, quoted history folded.",
  effect: "read",
  input: z.object({
    id: emailId,
    limit: z.int().min(1).max(50).default(20).describe("How many of the newest"),
  }),
  output: mailAnswer({
    emails: z.array(threadEmail),
    total: z.int(),
    searched: z.array(mailLine()),
    skipped: z.array(z.object({ mailbox: mailLine(), reason: z.string() })),
    notes: z.array(z.string()),
  }),
  async run({ id, limit }, { accountFor }) {
    return accountFor({ id }).getThread({ id, limit });
  },
  render({ emails, total, searched, skipped, notes }, fence) {
    const shown = emails.map((email, at) => showThreadEmail(email, at + 1));
    const about = [`${emails.length} of ${total} emails, oldest first.`, ...notes].join(" ");
    const where = [showSearched(searched), showSkipped({ skipped, searched })].filter((line) => line !== "");
    return `${about}\n${fence([...shown, where.join("\n")].join("\n\n---\n\n"))}`;
  },
});

function showThreadEmail(email: z.output<typeof threadEmail>, position: number): string {
  const marks = [
    email.draft ? "draft, not sent" : "",
    email.unread ? "unread" : "",
    email.deleted ? "marked as deleted" : "",
    showAttachments(email.attachments),
  ].filter((mark) => mark !== "");
  const state = marks.length > 0 ? ` [${marks.join(", ")}]` : "";
  const to = email.to.map(showPerson).join(", ") || "(no recipients)";
  const cc = email.cc.length > 0 ? `; Cc: ${email.cc.map(showPerson).join(", ")}` : "";
  const rest = [
    email.left > 0 ? `${email.left} more characters` : "",
    email.cut ? "a part that was not fetched" : "",
  ].filter((part) => part !== "");
  const more = rest.length > 0 ? `\n[${rest.join(" and ")}: get_email shows it all]` : "";
  return [
    `${position}. ${email.date} ${showPerson(email.from)}${state}`,
    `To: ${to}${cc} — ${email.subject || "(no subject)"} — in ${email.mailbox}`,
    email.id,
    "",
    `${email.body || "(no text)"}${more}`,
  ].join("\n");
}

const maxAttachmentNames = 10;

/** `attached 1: offer.pdf, 2: plan.docx`; get_attachment reads them by these numbers. */
function showAttachments(attachments: readonly { index: number; name: string }[]): string {
  if (attachments.length === 0) return "";
  const names = attachments.slice(0, maxAttachmentNames).map(({ index, name }) => `${index}: ${name}`);
  const more =
    attachments.length > maxAttachmentNames ? ` and ${attachments.length - maxAttachmentNames} more` : "";
  return `attached ${names.join(", ")}${more}`;
}
