/** Builds the MIME form of an email with a text and an HTML part, with CRLF line ends. */
import { isUtf8 } from "node:buffer";
import MailComposer from "nodemailer/lib/mail-composer";
import type { Address } from "../email/address.ts";
import { newToken } from "../secrets.ts";
import type { AttachedFile } from "./attached-file.ts";
import { quoteHeader } from "./draft.ts";
import type { ComposeDeps, ComposedEmail } from "./email-request.ts";
import { newMessageId, toPreviewAndContent } from "./preview.ts";
import { requireRecipientCount } from "./recipients.ts";

type EmailParts = {
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  text: string;
  html: string;
  files: AttachedFile[];
  /** A calendar with METHOD:REPLY, as a further form of the text and as a file (RFC 6047). */
  calendar?: string | undefined;
  inReplyTo?: string;
  references: string[];
  /** Characters at the end of `text` that are the quote. */
  quoteLength: number;
};

const calendarFile = "invite.ics";

/** Builds the email twice with the same boundaries: without Bcc to submit, with Bcc for Drafts and Sent. */
export async function buildEmail(
  { clock, from }: ComposeDeps,
  parts: EmailParts,
  about: Pick<ComposedEmail, "notes" | "answers" | "forwards" | "replacesOwnDraft">,
): Promise<ComposedEmail> {
  const recipients = requireRecipientCount([...parts.to, ...parts.cc, ...parts.bcc]);
  const messageId = newMessageId(from.address);
  const options = {
    from: toMailbox(from),
    to: parts.to.map(toMailbox),
    cc: parts.cc.map(toMailbox),
    bcc: parts.bcc.map(toMailbox),
    subject: parts.subject,
    messageId,
    date: new Date(clock.now()),
    text: toCrlf(parts.text),
    html: toCrlf(parts.html),
    encoding: "quoted-printable" as const,
    attachments: parts.files.map(toAttachmentOptions),
    icalEvent:
      parts.calendar === undefined
        ? undefined
        : { method: "REPLY" as const, filename: calendarFile, content: parts.calendar },
    references: parts.references,
    inReplyTo: parts.inReplyTo,
    baseBoundary: newToken(12),
    newline: "win",
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  const headers = parts.quoteLength > 0 ? { [quoteHeader]: String(parts.quoteLength) } : undefined;
  const copyNode = new MailComposer({ ...options, headers }).compile();
  copyNode.keepBcc = true;
  const [raw, copy] = await Promise.all([new MailComposer(options).compile().build(), copyNode.build()]);
  const { preview, content } = toPreviewAndContent({ from, ...parts });
  if (parts.calendar !== undefined)
    preview.attachments.push({
      name: calendarFile,
      type: "application/ics",
      size: Buffer.byteLength(parts.calendar),
    });
  return { messageId, recipients, raw, copy, preview, content, ...about };
}

/** nodemailer parses strings for further addresses, but takes objects as they are. */
const toMailbox = ({ name, address }: Address) => ({ name: name ?? "", address });

function toAttachmentOptions(file: AttachedFile) {
  const { buffer, byteOffset, byteLength } = file.content;
  const options = {
    filename: file.name,
    contentType: toContentType(file),
    content: Buffer.from(buffer, byteOffset, byteLength),
    cid: file.cid || undefined,
    contentDisposition: file.cid ? "inline" : undefined,
  };
  // nodemailer tests for the key: an undefined contentTransferEncoding is not the default.
  // message/global may be encoded, other message types may not (RFC 6532 section 3.7, RFC 2046 section 5.2.1).
  return file.type.startsWith("message/global") ? { ...options, contentTransferEncoding: "base64" } : options;
}

/** Declares UTF-8: text without a charset counts as ASCII (RFC 2046 section 4.1.2). */
function toContentType({ type, content }: AttachedFile): string {
  return type.startsWith("text/") && isUtf8(content) ? `${type}; charset=utf-8` : type;
}

const toCrlf = (text: string) => `${text.replace(/\r?\n/g, "\r\n").trimEnd()}\r\n`;
