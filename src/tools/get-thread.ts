import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine, mailText } from "./fence.ts";
import { emailId } from "./parameters.ts";
import { person, showPerson, showSearched, showSkipped } from "./rows.ts";

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
    emails: z.array(
      z.object({
        id: z.string(),
        mailbox: mailLine(),
        from: person,
        to: z.array(person),
        cc: z.array(person),
        subject: mailLine(),
        date: z.string(),
        unread: z.boolean(),
        draft: z.boolean(),
        attachments: z.array(z.object({ index: z.int(), name: mailLine() })),
        body: mailText(),
        left: z.int(),
        cut: z.boolean(),
      }),
    ),
    total: z.int(),
    searched: z.array(mailLine()),
    skipped: z.array(z.object({ mailbox: mailLine(), reason: z.string() })),
    notes: z.array(z.string()),
  }),
  async run({ id, limit }, { accountFor }) {
    return accountFor({ id }).getThread({ id, limit });
  },
  render({ emails, total, searched, skipped, notes }, fence) {
    const shown = emails.map((email, at) => {
      const marks = [
        email.draft ? "draft, not sent" : "",
        email.unread ? "unread" : "",
        showAttachments(email.attachments),
      ];
      const state = marks.filter((mark) => mark !== "").join(", ");
      const cc = email.cc.length > 0 ? `; Cc: ${email.cc.map(showPerson).join(", ")}` : "";
      const head = [
        `${at + 1}. ${email.date} ${showPerson(email.from)}${state ? ` [${state}]` : ""}`,
        `To: ${email.to.map(showPerson).join(", ") || "(no recipients)"}${cc} — ${email.subject || "(no subject)"} — in ${email.mailbox}`,
        email.id,
      ];
      const rest = [
        ...(email.left > 0 ? [`${email.left} more characters`] : []),
        ...(email.cut ? ["a part that was not fetched"] : []),
      ];
      const more = rest.length > 0 ? `\n[${rest.join(" and ")}: get_email shows it all]` : "";
      return `${head.join("\n")}\n\n${email.body || "(no text)"}${more}`;
    });
    const about = [`${emails.length} of ${total} emails, oldest first.`, ...notes].join(" ");
    const where = [showSearched(searched), showSkipped({ skipped, searched })].filter((line) => line !== "");
    return `${about}\n${fence([...shown, where.join("\n")].join("\n\n---\n\n"))}`;
  },
});

const maxAttachmentNames = 10;

/** `attached 1: offer.pdf, 2: plan.docx`; get_attachment reads them by these numbers. */
function showAttachments(attachments: readonly { index: number; name: string }[]): string {
  if (attachments.length === 0) return "";
  const names = attachments.slice(0, maxAttachmentNames).map(({ index, name }) => `${index}: ${name}`);
  const more =
    attachments.length > maxAttachmentNames ? ` and ${attachments.length - maxAttachmentNames} more` : "";
  return `attached ${names.join(", ")}${more}`;
}
