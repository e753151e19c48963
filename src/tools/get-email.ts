import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine, mailText } from "./fence.ts";
import { emailId, offset } from "./parameters.ts";
import { person, showPerson, showSize } from "./rows.ts";

const people = z.array(person);
const senderVerdicts = z.object({
  spf: mailLine().optional(),
  dkim: mailLine().optional(),
  dmarc: mailLine().optional(),
  by: mailLine().optional(),
  warnings: z.array(z.string()),
});

const attachment = z.object({
  index: z.int(),
  name: mailLine(),
  type: mailLine(),
  size: z.int(),
  inline: z.boolean(),
  inside: z.int().optional(),
  email: z.object({ from: person.optional(), date: z.string().optional(), subject: mailLine() }).optional(),
});
type ListedAttachment = z.output<typeof attachment>;

export const getEmailTool = defineTool({
  name: "get_email",
  title: "Read an email",
  description:
    "Reads one email: headers, text (HTML as markdown, quoted history folded), attachments, and the receiving server's checks of the sender. Leaves it unread.",
  effect: "read",
  input: z.object({
    id: emailId,
    format: z
      .enum(["markdown", "text", "html", "links"])
      .default("markdown")
      .describe("text: plain, unfolded; html: source; links: full targets"),
    offset,
    max_characters: z.int().min(1000).max(150_000).default(25_000).describe("How much text at most"),
    headers: z.boolean().default(false).describe("All header lines too"),
  }),
  output: mailAnswer({
    id: z.string(),
    mailbox: mailLine(),
    labels: z.array(mailLine()).optional(),
    from: people,
    reply_to: people,
    to: people,
    cc: people,
    bcc: people,
    subject: mailLine(),
    date: z.string(),
    message_id: mailLine().optional(),
    state: z.array(z.enum(["unread", "flagged", "answered", "draft", "deleted"])),
    size: z.int(),
    sender: senderVerdicts,
    earlier: z.int(),
    unsubscribe: z.array(mailLine()).optional(),
    body: mailText(),
    offset: z.int(),
    end: z.int(),
    total: z.int(),
    next_offset: z.int().optional(),
    attachments: z.array(attachment),
    notes: z.array(z.string()),
    headers: mailText().optional(),
  }),
  async run({ id, format, offset, max_characters, headers }, { accountFor }) {
    const request = { id, format, offset, maxCharacters: max_characters, headers };
    const email = await accountFor({ id }).getEmail(request);
    const state = (["unread", "flagged", "answered", "draft", "deleted"] as const).filter(
      (flag) => email[flag],
    );
    return {
      ...email,
      reply_to: email.replyTo,
      message_id: email.messageId,
      unsubscribe: email.unsubscribe.length > 0 ? email.unsubscribe : undefined,
      next_offset: email.nextOffset,
      state,
    };
  },
  render(email, fence) {
    const list = (name: string, addresses: z.output<typeof people>) =>
      addresses.length > 0 ? `${name}: ${addresses.map(showPerson).join(", ")}` : "";
    const head = [
      list("From", email.from),
      list("Reply-To", email.reply_to),
      list("To", email.to),
      list("Cc", email.cc),
      list("Bcc", email.bcc),
      `Date: ${email.date}`,
      `Mailbox: ${email.mailbox}`,
      ...(email.labels?.length ? [`Labels: ${email.labels.join(", ")}`] : []),
      showVerdicts(email.sender),
      `Subject: ${email.subject || "(none)"}`,
      ...email.attachments.filter(({ inline }) => !inline).map(showAttachment),
      showInlineAttachments(email.attachments.filter(({ inline }) => inline)),
      email.unsubscribe ? `Unsubscribe: ${email.unsubscribe.join(", ")}` : "",
      email.headers ? `\nHeaders:\n${email.headers}` : "",
    ].filter((line) => line !== "");
    const about = [
      `${email.size > 0 ? showSize(email.size) : "Size unknown"}${email.state.length > 0 ? `, ${email.state.join(", ")}` : ""}.`,
      ...email.sender.warnings,
      email.earlier > 0 ? `It answers earlier emails: get_thread shows the conversation.` : "",
      ...email.notes,
      email.next_offset === undefined
        ? ""
        : `Characters ${email.offset} to ${email.end} of ${email.total} are shown; continue with offset ${email.next_offset}.`,
    ].filter((line) => line !== "");
    return `${fence(`${head.join("\n")}\n\n${email.body || "(no text)"}`)}\n${about.join("\n")}`;
  },
});

function showAttachment({ index, name, type, size, inside, email }: ListedAttachment): string {
  const normalize = (text: string) => text.replace(/[^\p{L}\p{N}]+/gu, "");
  // The name of an attached email is usually its subject; it is shown once.
  const isNamedBySubject = email && normalize(name.replace(/\.eml$/i, "")) === normalize(email.subject);
  const facts = [
    email?.from ? `email from ${showPerson(email.from)}` : type,
    ...(email?.date ? [email.date] : []),
    ...(email?.subject && !isNamedBySubject ? [`subject: ${email.subject}`] : []),
    showSize(size),
    ...(inside === undefined ? [] : [`inside ${inside}`]),
  ];
  return `Attachment ${index}: ${name} (${facts.join(", ")})`;
}

function showVerdicts(sender: z.output<typeof senderVerdicts>): string {
  const known = (["spf", "dkim", "dmarc"] as const).flatMap((method) =>
    sender[method] ? [`${method.toUpperCase()} ${sender[method]}`] : [],
  );
  return known.length > 0 ? `Sender checks${sender.by ? ` by ${sender.by}` : ""}: ${known.join(", ")}` : "";
}

/** A newsletter may have dozens of inline images. */
const maxInlineAttachments = 10;

/** `Inline attachments: 1 logo.png, 2 photo.jpg`; get_attachment reads them by these numbers. */
function showInlineAttachments(inline: readonly { index: number; name: string }[]): string {
  if (inline.length === 0) return "";
  const some = inline.slice(0, maxInlineAttachments).map(({ index, name }) => `${index} ${name}`);
  const more =
    inline.length > maxInlineAttachments ? ` and ${inline.length - maxInlineAttachments} more` : "";
  return `Inline attachments: ${some.join(", ")}${more}`;
}
