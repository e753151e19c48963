/** The parts that draft_email and send_email share: their parameters, and the preview of the finished email. */
import { z } from "zod";
import { AppError } from "../errors.ts";
import type {
  AttachedFile,
  EmailPreview,
  EmailRequest,
  MailAccount,
  OriginalEmail,
} from "../mail/mail-account.ts";
import type { ToolContext } from "./context.ts";
import { mailLine, mailText } from "./fence.ts";
import { account } from "./parameters.ts";
import { person, showPerson, showSize } from "./rows.ts";

/** Maximum size of a file that a model passes as base64, decoded. */
const maxInlineBytes = 30_000;

const addresses = z.array(z.string().max(2_000)).max(50).optional();

const attachment = z.object({
  email: z.string().max(1500).optional(),
  index: z.int().min(1).optional(),
  upload: z.string().max(100).optional(),
  name: z.string().max(300).optional(),
  type: z.string().max(130).optional(),
  base64: z.string().max(45_000).optional(),
});

export const emailFields = {
  to: addresses.describe("Addresses, or Name <address>"),
  cc: addresses.describe("As in to"),
  bcc: addresses.describe("As in to"),
  from: z.string().max(400).optional().describe("Another own address; default: the one written to"),
  subject: z.string().max(1000).optional().describe("Computed for replies and forwards"),
  body: z.string().max(200_000).optional().describe("Markdown, without the quote"),
  reply_to: z.string().max(1500).optional().describe("Id of the email to answer"),
  reply_all: z.boolean().default(false).describe("Answer all"),
  forward: z.string().max(1500).optional().describe("Id of the email to pass on"),
  attachments: z
    .array(attachment)
    .max(20)
    .optional()
    .describe("Each {email, index}, in a forward {index}, {upload}, or below 30 KB {name, base64}"),
  signature: z.boolean().optional().describe("false: without the person's signature"),
  account,
};

export type EmailFields = z.output<z.ZodObject<typeof emailFields>> & { draft_id?: string | undefined };

/** Selects the sending account: the one that holds the draft or original, unless `account` names another. */
export function chooseSender(
  fields: EmailFields,
  { accountFor }: Pick<ToolContext, "accountFor">,
): MailAccount {
  const id = fields.draft_id ?? fields.reply_to ?? fields.forward;
  return fields.account === undefined ? accountFor({ id }) : accountFor({ account: fields.account });
}

/**
 * Builds the request of an email, and reads the emails and files it needs, each from its own account. Throws
 * invalid_input, and the errors of reading.
 */
export async function toEmailRequest(
  fields: EmailFields,
  { accountFor, uploads }: Pick<ToolContext, "accountFor" | "uploads">,
): Promise<EmailRequest> {
  const read = (id: string | undefined, purpose: "quote" | "forward" | "draft") =>
    id === undefined ? undefined : accountFor({ id }).readOriginal(id, purpose);
  const [replied, forwarded, draft, files] = await Promise.all([
    read(fields.reply_to, "quote"),
    // With `attachments` given, only the text is forwarded.
    read(fields.forward, fields.attachments === undefined ? "forward" : "quote"),
    read(fields.draft_id, "draft"),
    fields.attachments &&
      Promise.all(
        fields.attachments.map(async (wanted, at) =>
          wanted.upload === undefined
            ? [await readAttachedFile({ ...wanted, email: sourceOf(wanted, fields) }, at, accountFor)]
            : uploads.read(wanted.upload),
        ),
      ),
  ]);
  const { from, signature, to, cc, bcc, subject, body, reply_all } = fields;
  return {
    from,
    signature,
    to,
    cc,
    bcc,
    subject,
    body,
    basis: toBasis({ replied, forwarded, draft }, reply_all),
    files: files?.flat(),
  };
}

function toBasis(
  {
    replied,
    forwarded,
    draft,
  }: { replied?: OriginalEmail; forwarded?: OriginalEmail; draft?: OriginalEmail },
  all: boolean,
): EmailRequest["basis"] {
  if (replied && forwarded) throw new AppError("invalid_input", "Give `reply_to` or `forward`, not both.");
  if (replied) return { kind: "reply", original: replied, all, draft };
  if (forwarded) return { kind: "forward", original: forwarded, draft };
  return draft ? { kind: "draft", draft } : { kind: "new" };
}

/** The email that an attachment is taken from: without one, the email that is forwarded. */
function sourceOf({ email, index, base64 }: z.output<typeof attachment>, { forward }: EmailFields) {
  return index !== undefined && base64 === undefined ? (email ?? forward) : email;
}

/** A file from an attachment of an email, or from base64. Throws invalid_input, too_large. */
async function readAttachedFile(
  wanted: z.output<typeof attachment>,
  at: number,
  accountFor: ToolContext["accountFor"],
): Promise<AttachedFile> {
  const { email, index, name, type, base64 } = wanted;
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
  if (plain === "" || content.toString("base64").replace(/(?<!=)=+$/, "") !== plain.replace(/(?<!=)=+$/, ""))
    throw new AppError("invalid_input", `\`attachments\`[${at}].base64 is not base64.`);
  if (content.length > maxInlineBytes)
    throw new AppError("too_large", `\`attachments\`[${at}] has more than 30 KB.`, {
      hint: "Let the person upload it (request_upload), or attach it from an email as {email, index}.",
    });
  return { name, type: type ?? "", content };
}

/** Ids of the uploads that are part of an email. */
export function uploadsOf({ attachments = [] }: EmailFields): string[] {
  return attachments.flatMap(({ upload }) => upload ?? []);
}

/** Deletes the uploads that are now part of an email. */
export async function deleteUploads(
  fields: EmailFields,
  { uploads }: Pick<ToolContext, "uploads">,
): Promise<void> {
  for (const upload of uploadsOf(fields)) await uploads.remove(upload);
}

/** Maximum length of the text in a preview. */
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

export function toPreview({ inReplyTo, text, ...rest }: EmailPreview): z.output<typeof preview> {
  const left = text.length - maxPreviewCharacters;
  return {
    ...rest,
    text: left > 0 ? `${text.slice(0, maxPreviewCharacters)}\n[${left} more characters]` : text,
    in_reply_to: inReplyTo || undefined,
  };
}

/** The headers and text of the finished email. */
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
