/**
 * The subject of an approval: an email whose bytes are frozen, emails to erase, or a one-click request to a mailing list.
 * Sealed under the grant's data key.
 */
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { ComposedEmail, EmailPreview } from "../mail/mail-account.ts";

/** An email of the mailbox, as the person sees it. */
type EmailFacts = { id: string; from: string; subject: string; date: string; mailbox: string };

const emailAction = z.object({
  type: z.literal("email"),
  /** The email without its bytes. */
  email: z.custom<Omit<ComposedEmail, "raw" | "copy" | "content" | "preview">>(),
  preview: z.custom<EmailPreview>(),
  /** The header of the copy for Sent in base64; its body is that of the frozen bytes. */
  copyHeader: z.string(),
  /** The draft that is removed once it is sent. */
  draftId: z.string().optional(),
  /** Ids of the uploads that are part of it. */
  uploads: z.array(z.string()),
  /** The text of the HTML part, where its words differ from those of the plain text. */
  formattedText: z.string().optional(),
  /** Recipients to whom the person has never written; absent until they are looked up. */
  newPeople: z.array(z.string()).optional(),
  /** Our sentences about the action, for the page. */
  notes: z.array(z.string()),
});

const eraseAction = z.object({
  type: z.literal("erase"),
  /** In the order of the request. */
  emails: z.array(z.custom<EmailFacts>()),
  /** False: they are moved to Trash, from where this mail server tells no way back. */
  permanently: z.boolean(),
});

const oneClickAction = z.object({
  type: z.literal("one-click"),
  /** The URL that gets the POST of RFC 8058. */
  url: z.string(),
  /** The email of the list. */
  email: z.custom<EmailFacts>(),
  /** The person has never written to anybody of that domain. */
  isNewDomain: z.boolean(),
});

const action = z.discriminatedUnion("type", [emailAction, eraseAction, oneClickAction]);

export type EmailAction = z.output<typeof emailAction>;
export type EraseAction = z.output<typeof eraseAction>;
export type OneClickAction = z.output<typeof oneClickAction>;
export type Action = z.output<typeof action>;

/** Reads an unsealed action. */
export function parseAction(plain: Buffer): Action {
  return action.parse(JSON.parse(plain.toString("utf8")));
}

const separator = Buffer.from("\r\n\r\n");

/** Splits a composed email into the action and the frozen bytes. */
export function freezeEmail(
  composed: ComposedEmail,
  facts: Pick<EmailAction, "draftId" | "uploads" | "notes">,
): { action: EmailAction; bytes: Buffer } {
  const { raw, copy, content: _, preview, ...email } = composed;
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const filed = Buffer.from(copy.buffer, copy.byteOffset, copy.byteLength);
  const headerEnd = filed.indexOf(separator);
  if (!filed.subarray(headerEnd).equals(bytes.subarray(bytes.indexOf(separator))))
    throw new Error("the copy for Sent differs from the email in more than its header");
  const copyHeader = filed.subarray(0, headerEnd).toString("base64");
  return { action: { type: "email", email, preview, copyHeader, ...facts }, bytes };
}

/** The composed email of an action and its frozen bytes. */
export function thawEmail({ email, preview, copyHeader }: EmailAction, bytes: Buffer): ComposedEmail {
  const body = bytes.subarray(bytes.indexOf(separator));
  return {
    ...email,
    preview,
    raw: bytes,
    copy: Buffer.concat([Buffer.from(copyHeader, "base64"), body]),
    content: "",
  };
}

/** The emails of an erasure that the person has left checked. Throws invalid_input when none is. */
export function selectEmails({ emails }: EraseAction, chosen: readonly number[] | undefined): EmailFacts[] {
  const selected = chosen === undefined ? emails : emails.filter((_, at) => chosen.includes(at));
  if (selected.length === 0)
    throw new AppError("invalid_input", "No email was chosen.", { hint: "Choose one, or decline." });
  return selected;
}
