/** What an email of ours builds on: the email it answers or passes on, an attachment of it, the draft it came from. */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import PostalMime, { type Attachment, type Email } from "postal-mime";
import { joinFlowed } from "../../email/flowed.ts";
import { headerValue, parseHeaders, toAddresses, toIsoDate, toText } from "../../email/headers.ts";
import { toAnatomy, toPart } from "../../email/structure.ts";
import { AppError } from "../../errors.ts";
import { isOutlookFile, toOutlookText } from "../../readable/outlook.ts";
import { type Access, requireSameValidity } from "../access.ts";
import { fetchWhole } from "../email/attachment.ts";
import { toMailboxPath } from "../mailboxes.ts";
import type { File, Original } from "../writing.ts";

/** As much of an email as a quote can need. */
const quoteBytes = 400_000;
/** More than any mail server takes in one email. */
const maxSourceBytes = 45_000_000;
const pieceBytes = 4_194_304;

/** What to do about a forward that is too large. */
export const leaveOut =
  "Forward it with `attachments`: only those go along then, each as {email, index}; with [] its text alone.";

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
  const email: FetchMessageObject | false = await imap.fetchOne(String(uid), query, { uid: true });
  if (email === false || email.source === undefined)
    throw new AppError("email_not_found", "This email is not there any more.");
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

/** A stored email, or its beginning, taken apart. Never throws for what a sender wrote. */
export async function toOriginal(id: string, source: Uint8Array, whole: boolean): Promise<Original> {
  const headers = parseHeaders(source);
  const people = (name: string) =>
    toAddresses(headerValue(headers, name)).filter(({ address }) => address !== "");
  const parsed = await parse(source);
  const messageId = toMessageIds(headerValue(headers, "message-id"))[0];
  const inReplyTo = toMessageIds(headerValue(headers, "in-reply-to"))[0];
  const date = toIsoDate(headerValue(headers, "date"));
  const references = toMessageIds(headerValue(headers, "references"));
  return {
    id,
    from: people("from"),
    replyTo: people("reply-to"),
    to: people("to"),
    cc: people("cc"),
    bcc: people("bcc"),
    subject: toText(headerValue(headers, "subject")),
    references: references.length > 0 || !inReplyTo ? references : [inReplyTo],
    files: parsed.attachments.map((attachment) => toFile(attachment, parsed.html ?? "")),
    // Attachments stand below the text: where one begins, the text has ended.
    whole: whole || parsed.attachments.length > 0,
    source,
    ...(messageId ? { messageId } : {}),
    ...(inReplyTo ? { inReplyTo } : {}),
    ...(date ? { date } : {}),
    ...(parsed.text === undefined ? {} : { text: parsed.text }),
    ...(parsed.html === undefined ? {} : { html: parsed.html }),
  };
}

async function parse(source: Uint8Array): Promise<Pick<Email, "text" | "html" | "attachments">> {
  try {
    const parsed = await PostalMime.parse(source, { forceRfc822Attachments: true });
    const flowed = await readFlowed(source);
    return { ...parsed, ...(flowed === undefined ? {} : { text: flowed }), ...outlookText(parsed) };
  } catch {
    // Too deep or too odd to take apart: answered without a quote.
    return { attachments: [] };
  }
}

/** Where all the text there is lies in winmail.dat. */
function outlookText({ text, html, attachments }: Email): Pick<Email, "text" | "html"> {
  if (html || text?.trim()) return {};
  for (const { mimeType: type, filename: name, content } of attachments) {
    if (typeof content === "string" || !isOutlookFile({ type, name })) continue;
    const found = toOutlookText(new Uint8Array(content));
    if (found)
      return { ...(found.html ? { html: found.html } : {}), ...(found.plain ? { text: found.plain } : {}) };
  }
  return {};
}

/**
 * The text of an email whose lines flow (RFC 3676); undefined when they do not. postal-mime runs a quoted line into
 * the mark of the next one; told that nothing flows, it leaves the lines as they are.
 */
async function readFlowed(source: Uint8Array): Promise<string | undefined> {
  const raw = Buffer.from(source).toString("latin1");
  const fixed = raw.replace(/^content-type:\s*text\/plain\b[^\n]*(?:\n[ \t][^\n]*)*/gim, (field) =>
    field.replace(/\bflowed\b/i, "fixed"),
  );
  if (fixed === raw) return undefined;
  const { text } = await PostalMime.parse(Buffer.from(fixed, "latin1"));
  return text && joinFlowed(text, /^content-type:[^\n]*(?:\n[ \t][^\n]*)*\bdelsp="?yes/im.test(raw));
}

/** Some programs put the pictures of a text beside it and not into multipart/related; the text names them all the same. */
function toFile({ filename, mimeType, content, contentId, related }: Attachment, html: string): File {
  const bytes = typeof content === "string" ? Buffer.from(content) : new Uint8Array(content);
  const id = contentId?.replace(/^<|>$/g, "") ?? "";
  const isNamed = [id, encodeURIComponent(id)].some((name) => html.includes(`cid:${name}`));
  const cid = related || isNamed ? id : "";
  return {
    name: toFileName(filename ?? (mimeType === "message/rfc822" ? "email.eml" : "attachment")),
    type: toFileType(mimeType),
    content: bytes,
    ...(/^[\w.@+%-]{1,200}$/.test(cid) ? { cid } : {}),
  };
}

/** One attachment of an email, by the index get_email gives it. Throws attachment_not_found and as reading does. */
export async function readAttachment(access: Access, id: string, index: number): Promise<File> {
  const ref = access.toRef(id);
  return access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    const uid = String(ref.uid);
    const email = await imap.fetchOne(uid, { uid: true, bodyStructure: true }, { uid: true });
    if (email === false || email.bodyStructure === undefined)
      throw new AppError("email_not_found", "This email is not there any more.");
    const found = toAnatomy(toPart(email.bodyStructure)).attachments.find(
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

/** Message-IDs of a header, in order; anything else in it is dropped (RFC 5322 section 3.6.4). */
function toMessageIds(value: string | undefined): string[] {
  return (value?.match(/<[^<>\s\p{Cc}]{1,250}>/gu) ?? []).slice(-100);
}

/** A file name fit for a header and for any disk: one line, no path, no invisible characters. */
export function toFileName(name: string): string {
  const clean = name
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .replace(/[/\\:*?"<>|]/g, "_")
    .replace(/^[.\s]+/, "")
    .trim();
  if (clean.length <= 150) return clean || "attachment";
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(clean)?.[0] ?? "";
  return clean.slice(0, 150 - extension.length) + extension;
}

/** A media type (RFC 2045 section 5.1), or application/octet-stream for what is none or would be taken apart. */
export function toFileType(type: string): string {
  const lower = type.trim().toLowerCase();
  const valid = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/.test(lower);
  return valid && !lower.startsWith("multipart/") ? lower : "application/octet-stream";
}

export function toMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
