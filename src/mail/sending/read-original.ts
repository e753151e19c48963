/** What an email of ours builds on: the email it answers or passes on, an attachment of it, the draft it came from. */

import type { ImapFlow } from "imapflow";
import type { File, Original } from "../../compose/composed-email.ts";
import { leaveOut, toFileName, toFileType, toMegabytes } from "../../compose/file.ts";
import { toOriginal } from "../../compose/original.ts";
import { toEmailContents } from "../../email/email-contents.ts";
import { toPart } from "../../email/part.ts";
import { AppError } from "../../errors.ts";
import { requireSameValidity } from "../../imap/select.ts";
import { fetchOneFresh } from "../../imap/sync.ts";
import type { Access } from "../access.ts";
import { fetchWhole } from "../email/attachment.ts";
import { toMailboxPath } from "../mailboxes.ts";

/** As much of an email as a quote can need. */
const quoteBytes = 400_000;
/** More than any mail server takes in one email. */
const maxSourceBytes = 45_000_000;
const pieceBytes = 4_194_304;

/** See MailWriting.readOriginal. */
export async function readOriginal(
  access: Access,
  id: string,
  purpose: "quote" | "forward" | "draft",
): Promise<Original> {
  const needsAll = purpose !== "quote";
  const maxBytes = needsAll ? maxSourceBytes : quoteBytes;
  const ref = access.toRef(id);
  const { source, size, flags } = await access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    const email = await fetchSource(imap, ref.uid, 0, Math.min(maxBytes, pieceBytes)).catch((error) => {
      throw purpose === "draft" ? toDraftGone(error) : error;
    });
    const { flags = new Set<string>() } = email;
    if (needsAll && (email.size ?? 0) > maxBytes) throw toTooLarge(email.size ?? 0, purpose);
    const pieces = [email.source];
    let length = email.source.length;
    for (let last = length; last === pieceBytes && length < maxBytes; length += last) {
      const { source } = await fetchSource(imap, ref.uid, length, Math.min(maxBytes - length, pieceBytes));
      pieces.push(source);
      last = source.length;
    }
    return { source: Buffer.concat(pieces), size: email.size ?? length, flags };
  });
  const whole = source.length >= size || source.length < maxBytes;
  if (!whole && needsAll) throw toTooLarge(size, purpose);
  if (purpose === "draft" && ![...flags].some((flag) => flag.toLowerCase() === "\\draft"))
    await requireInDrafts(access, ref.mailbox);
  return toOriginal(id, source, whole);
}

function toTooLarge(size: number, purpose: "forward" | "draft"): AppError {
  const hint = purpose === "forward" ? leaveOut : "Write it anew with fewer attachments.";
  return new AppError("too_large", `This email has ${toMegabytes(size)}, more than can go out.`, { hint });
}

/** A draft's id is over once it is replaced or sent. */
function toDraftGone(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== "email_not_found") return error;
  return new AppError(
    "email_not_found",
    "This draft is not there any more: it was replaced, sent or deleted.",
    {
      hint: "Use the draft_id of the last draft_email, or look in drafts and sent.",
    },
  );
}

/** Some bytes of an email with its facts. In pieces, so that no mail server may send more than a piece at once. */
async function fetchSource(imap: ImapFlow, uid: number, start: number, maxLength: number) {
  const query = { uid: true, size: true, flags: true, source: { start, maxLength } };
  const email = await fetchOneFresh(imap, uid, query);
  if (email.source === undefined) throw new AppError("email_not_found", "This email is not there any more.");
  return { ...email, source: email.source };
}

/** A draft is replaced or sent and then gone: no other email may be taken for one. Throws invalid_input. */
async function requireInDrafts(access: Access, mailbox: string): Promise<void> {
  const drafts = await toMailboxPath(access, "drafts").catch(() => undefined);
  if (mailbox !== drafts)
    throw new AppError("invalid_input", "`draft_id` is not a draft.", {
      hint: "Use the draft_id that draft_email answered, or an id from get_recent_emails in drafts.",
    });
}

/** One attachment of an email, by the index get_email gives it. Throws attachment_not_found and as reading does. */
export async function readAttachment(access: Access, id: string, index: number): Promise<File> {
  const ref = access.toRef(id);
  return access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    const email = await fetchOneFresh(imap, ref.uid, { uid: true, bodyStructure: true });
    if (email.bodyStructure === undefined)
      throw new AppError("email_not_found", "This email is not there any more.");
    const found = toEmailContents(toPart(email.bodyStructure)).attachments.find(
      (attached) => attached.index === index,
    );
    if (!found) throw new AppError("attachment_not_found", `This email has no attachment ${index}.`);
    const { part } = found;
    if (part.size > maxSourceBytes)
      throw new AppError(
        "too_large",
        `Attachment ${index} has ${toMegabytes(part.size)}; an email takes 25 MB.`,
      );
    const content = await fetchWhole(imap, ref.uid, part);
    if (content.length === 0 && part.size > 0)
      throw new AppError("attachment_not_found", `Attachment ${index} could not be read.`);
    return {
      name: toFileName(part.name ?? (part.type === "message/rfc822" ? "email.eml" : "attachment")),
      type: toFileType(part.type),
      content,
    };
  });
}
