/** The preview of an outgoing email, its Message-ID, and the key that makes two emails the same. */
import type { Address } from "../email/address.ts";
import { hashSecret, newToken } from "../secrets.ts";
import type { AttachedFile } from "./attached-file.ts";
import type { ComposedEmail, EmailPreview } from "./email-request.ts";

/** A new Message-ID in the account's own domain, with angle brackets (RFC 5322 section 3.6.4). */
export function newMessageId(address: string): string {
  return `<${newToken(16)}@${address.slice(address.lastIndexOf("@") + 1)}>`;
}

/** True for a Message-ID as newMessageId gives it: of an email that this server composed. */
export const isOwnMessageId = (messageId: string | undefined): boolean =>
  /^<[0-9a-f]{32}@[^<>@]+>$/.test(messageId ?? "");

type PreviewedParts = Omit<EmailPreview, "attachments" | "inReplyTo"> & {
  files: readonly AttachedFile[];
  inReplyTo?: string | undefined;
};

/** Returns the preview, and `content`, which is equal for emails that differ only in time, names and Message-ID. */
export function toPreviewAndContent(parts: PreviewedParts): Pick<ComposedEmail, "preview" | "content"> {
  const { from, to, cc, bcc, subject, text, files, inReplyTo } = parts;
  const addresses = (people: readonly Address[]) => people.map(({ address }) => address.toLowerCase()).sort();
  const preview: EmailPreview = {
    from,
    to,
    cc,
    bcc,
    subject,
    text,
    attachments: files.map(({ name, type, content }) => ({ name, type, size: content.length })),
    inReplyTo: inReplyTo || undefined,
  };
  const content = JSON.stringify([
    addresses(to),
    addresses(cc),
    addresses(bcc),
    subject,
    text.trimEnd(),
    // The same words to the same people in another thread are another email.
    inReplyTo ?? "",
    files.map(({ name, content: bytes }) => [name, hashSecret(Buffer.from(bytes).toString("latin1"))]),
  ]);
  return { preview, content };
}
