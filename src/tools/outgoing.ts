/** What draft_email and send_email share: what is asked for, and how the finished email is shown. */
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { EmailRequest, File, MailAccount, Preview } from "../mail/mail-account.ts";
import type { ToolContext } from "./context.ts";
import { mailLine, mailText } from "./fence.ts";
import { account } from "./parameters.ts";
import { person, showPerson, showSize } from "./rows.ts";

/** What may pass through a model as base64, decoded. */
const maxInlineBytes = 30_000;

const addresses = z.array(z.string().max(320)).max(50).optional();

const attachment = z.object({
  email: z.string().max(1500).optional(),
  index: z.int().min(1).optional(),
  upload: z.string().max(100).optional(),
  name: z.string().max(300).optional(),
  type: z.string().max(130).optional(),
  base64: z.string().max(45_000).optional(),
});

export const emailFields = {
  to: addresses.describe("Bare addresses"),
  cc: addresses.describe("Bare addresses"),
  bcc: addresses.describe("Bare addresses"),
  subject: z.string().max(1000).optional().describe("Computed for replies and forwards"),
  body: z.string().max(200_000).optional().describe("Markdown, without the quote"),
  reply_to: z.string().max(1500).optional().describe("Id of the email to answer"),
  reply_all: z.boolean().default(false).describe("Answer all"),
  forward: z.string().max(1500).optional().describe("Id of the email to pass on"),
  attachments: z
    .array(attachment)
    .max(20)
    .optional()
    .describe("Each {email, index}, {upload}, or below 30 KB {name, base64}"),
  account,
};

export type EmailFields = z.output<z.ZodObject<typeof emailFields>> & { draft_id?: string | undefined };

/** The account it goes out from: the one that received what it builds on, unless `account` picks another. */
export function chooseSender(
  fields: EmailFields,
  { accountFor }: Pick<ToolContext, "accountFor">,
): MailAccount {
  const id = fields.draft_id ?? fields.reply_to ?? fields.forward;
  return fields.account === undefined ? accountFor({ id }) : accountFor({ account: fields.account });
}

/** Reads what it builds on, each from its own account. Throws what reading throws, and invalid_input. */
export async function toRequest(
  fields: EmailFields,
  { accountFor, uploads }: Pick<ToolContext, "accountFor" | "uploads">,
): Promise<EmailRequest> {
  const read = (id: string | undefined, purpose: "quote" | "forward" | "draft") =>
    id === undefined ? undefined : accountFor({ id }).readOriginal(id, purpose);
  const [replied, forwarded, draft, files] = await Promise.all([
    read(fields.reply_to, "quote"),
    // With attachments named, it is only its text that is passed on.
    read(fields.forward, fields.attachments === undefined ? "forward" : "quote"),
    read(fields.draft_id, "draft"),
    fields.attachments === undefined
      ? undefined
      : Promise.all(
          fields.attachments.map(async (asked, at) =>
            asked.upload === undefined ? [await toFile(asked, at, accountFor)] : uploads.read(asked.upload),
          ),
        ),
  ]);
  const { to, cc, bcc, subject, body, reply_all } = fields;
  return {
    to,
    cc,
    bcc,
    subject,
    body,
    replied,
    forwarded,
    draft,
    files: files?.flat(),
    ...(reply_all ? { replyAll: true } : {}),
  };
}

async function toFile(
  asked: z.output<typeof attachment>,
  at: number,
  accountFor: ToolContext["accountFor"],
): Promise<File> {
  const { email, index, name, type, base64 } = asked;
  if (email !== undefined && index !== undefined && base64 === undefined)
    return accountFor({ id: email }).readAttachment(email, index);
  if (base64 === undefined || name === undefined || email !== undefined)
    throw new AppError(
      "invalid_input",
      `\`attachments\`[${at}] is neither an email's attachment nor a file.`,
      {
        hint: "Give {email, index} for an attachment of an email, {upload} for what the person uploaded, or {name, base64} for a file below 30 KB.",
      },
    );
  const content = Buffer.from(base64, "base64");
  const plain = base64.replace(/\s+/g, "");
  if (plain === "" || content.toString("base64").replace(/=+$/, "") !== plain.replace(/=+$/, ""))
    throw new AppError("invalid_input", `\`attachments\`[${at}].base64 is not base64.`);
  if (content.length > maxInlineBytes)
    throw new AppError("too_large", `\`attachments\`[${at}] has more than 30 KB.`, {
      hint: "Let the person upload it (request_upload), or attach it from an email as {email, index}.",
    });
  return { name, type: type ?? "", content };
}

/** Deletes the uploads that have become part of an email. */
export function spendUploads(fields: EmailFields, { uploads }: Pick<ToolContext, "uploads">): void {
  for (const { upload } of fields.attachments ?? []) if (upload !== undefined) uploads.remove(upload);
}

/** How much of the text is shown back. */
const maxPreviewCharacters = 20_000;

export const preview = z.object({
  from: person,
  to: z.array(person),
  cc: z.array(person),
  bcc: z.array(person),
  subject: mailLine(),
  text: mailText(),
  attachments: z.array(z.object({ name: mailLine(), type: mailLine(), size: z.int() })),
  in_reply_to: mailLine().optional(),
});

export function toPreview({ inReplyTo, text, ...rest }: Preview): z.output<typeof preview> {
  const left = text.length - maxPreviewCharacters;
  return {
    ...rest,
    text: left > 0 ? `${text.slice(0, maxPreviewCharacters)}\n[${left} more characters]` : text,
    ...(inReplyTo ? { in_reply_to: inReplyTo } : {}),
  };
}

/** The email as it will look, head and text. */
export function showPreview(email: z.output<typeof preview>): string {
  const list = (name: string, people: z.output<typeof person>[]) =>
    people.length > 0 ? [`${name}: ${people.map(showPerson).join(", ")}`] : [];
  return [
    `From: ${showPerson(email.from)}`,
    ...list("To", email.to),
    ...list("Cc", email.cc),
    ...list("Bcc", email.bcc),
    `Subject: ${email.subject || "(none)"}`,
    ...email.attachments.map(({ name, type, size }) => `Attachment: ${name} (${type}, ${showSize(size)})`),
    ...(email.in_reply_to ? [`In-Reply-To: ${email.in_reply_to}`] : []),
    "",
    email.text || "(no text)",
  ].join("\n");
}
