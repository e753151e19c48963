/** The email that an answer, a forward or a draft builds on, and attachments taken along from other emails. */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import {
  type AttachedFile,
  formatMegabytes,
  forwardFewerHint,
  toMediaType,
} from "../../compose/attached-file.ts";
import type { Composer } from "../../compose/composer.ts";
import type { OriginalEmail } from "../../compose/email-request.ts";
import { toSafeFileName } from "../../email/file-name.ts";
import { AppError } from "../../errors.ts";
import { requireSameValidity } from "../../imap/select.ts";
import { fetchOneFresh } from "../../imap/sync.ts";
import type { Access } from "../access.ts";
import { fetchWholePart, findAttachment } from "../email/attachment.ts";
import { toMailboxPath } from "../mailbox-paths.ts";
import type { MailWriting } from "../writing.ts";

/** Octets of an email that a quote needs at most. */
const quoteBytes = 400_000;
/** Octets of the largest email taken along whole: more than any mail server accepts in one email. */
const maxSourceBytes = 45_000_000;
/** Octets of one FETCH, so that no mail server can send more than that at once. */
const pieceBytes = 4_194_304;

type Purpose = Parameters<MailWriting["readOriginal"]>[1];

/** See MailWriting.readOriginal. */
export async function readOriginal(
  access: Access,
  composer: Composer,
  id: string,
  purpose: Purpose,
): Promise<OriginalEmail> {
  const needsAll = purpose !== "quote";
  const maxBytes = needsAll ? maxSourceBytes : quoteBytes;
  const ref = access.toRef(id);
  const { source, size, flags } = await access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    const first = await fetchSource(imap, ref.uid, 0, Math.min(maxBytes, pieceBytes)).catch((error) => {
      throw purpose === "draft" ? toDraftGone(error) : error;
    });
    if (needsAll && (first.size ?? 0) > maxBytes) throw toTooLarge(first.size ?? 0, purpose);
    const source = await fetchRest(imap, ref.uid, first, maxBytes);
    return { source, size: first.size ?? source.length, flags: first.flags ?? new Set<string>() };
  });
  const whole = source.length >= size || source.length < maxBytes;
  if (!whole && needsAll) throw toTooLarge(size, purpose);
  // Some servers overstate sizes by a few per cent.
  if (needsAll && source.length < 0.9 * size)
    throw new AppError("mail_server_failed", "The mail server sends only a part of this email.");
  if (purpose === "draft" && ![...flags].some((flag) => flag.toLowerCase() === "\\draft"))
    await requireInDrafts(access, ref.mailbox);
  return composer.parseOriginal(id, source, { whole, signal: access.signal });
}

type Source = FetchMessageObject & { source: Buffer };

/** Octets of an email with its size and flags. Throws email_not_found. */
async function fetchSource(imap: ImapFlow, uid: number, start: number, maxLength: number): Promise<Source> {
  const query = { uid: true, size: true, flags: true, source: { start, maxLength } };
  const email = await fetchOneFresh(imap, uid, query);
  if (email.source === undefined) throw new AppError("email_not_found", "This email is not there any more.");
  return { ...email, source: email.source };
}

/**
 * An email from its beginning, of which `first` is here, up to `maxBytes`. A server may send fewer octets than asked
 * for: then the rest is asked for until the email's size is reached or nothing more comes.
 */
async function fetchRest(imap: ImapFlow, uid: number, first: Source, maxBytes: number): Promise<Buffer> {
  const pieces = [first.source];
  const size = first.size ?? 0;
  let length = first.source.length;
  const goesOn = (last: number) => last > 0 && (last === pieceBytes || length < size);
  for (let last = length; goesOn(last) && length < maxBytes; length += last) {
    const { source } = await fetchSource(imap, uid, length, Math.min(maxBytes - length, pieceBytes));
    pieces.push(source);
    last = source.length;
  }
  return Buffer.concat(pieces);
}

function toTooLarge(size: number, purpose: "forward" | "draft"): AppError {
  const hint = purpose === "forward" ? forwardFewerHint : "Write it anew with fewer attachments.";
  return new AppError("too_large", `This email has ${formatMegabytes(size)}, more than can go out.`, {
    hint,
  });
}

/** A draft id becomes invalid when the draft is replaced or sent. */
function toDraftGone(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== "email_not_found") return error;
  const message = "This draft is not there any more: it was replaced, sent or deleted.";
  const hint = "Use the draft_id of the last draft_email, or look in drafts and sent.";
  return new AppError("email_not_found", message, { hint });
}

/** Requires a draft: it is removed once it is replaced or sent, so no other email may pass for one. Throws invalid_input. */
async function requireInDrafts(access: Access, mailbox: string): Promise<void> {
  const drafts = await toMailboxPath(access, "drafts").catch(() => undefined);
  if (mailbox !== drafts)
    throw new AppError("invalid_input", "`draft_id` is not a draft.", {
      hint: "Use the draft_id that draft_email answered, or an id from get_recent_emails in drafts.",
    });
}

/** One attachment by the index that get_email gives it. Throws email_not_found, attachment_not_found, too_large. */
export async function readAttachment(access: Access, id: string, index: number): Promise<AttachedFile> {
  const ref = access.toRef(id);
  const { part, content } = await access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    const { part } = await findAttachment(access, imap, ref.uid, index);
    if (part.size > maxSourceBytes) {
      const message = `Attachment ${index} has ${formatMegabytes(part.size)}; an email takes 25 MB.`;
      throw new AppError("too_large", message);
    }
    return { part, content: await fetchWholePart(access, imap, ref.uid, part) };
  });
  if (content.length === 0 && part.size > 0)
    throw new AppError("attachment_not_found", `Attachment ${index} could not be read.`);
  return {
    name: toSafeFileName(part.name ?? (part.type === "message/rfc822" ? "email.eml" : ""), "attachment"),
    type: toMediaType(part.type),
    content,
  };
}
