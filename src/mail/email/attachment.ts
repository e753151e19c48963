/** Attachments: what is in them as text or picture, or their bytes as they come from the mail server. */
import type { ImapFlow } from "imapflow";
import type { DocumentReader } from "../../documents/sandbox.ts";
import { type AttachedPart, toEmailContents } from "../../email/email-contents.ts";
import { type Part, toPart } from "../../email/part.ts";
import { createTransferDecoder } from "../../email/transfer-decoder.ts";
import { AppError } from "../../errors.ts";
import { requireSameValidity } from "../../imap/select.ts";
import { fetchOneFresh } from "../../imap/sync.ts";
import { type AttachmentText, readAttachedEmail, toAttachmentText } from "../../readable/attachment-text.ts";
import type { Access } from "../access.ts";
import type { Attachment, AttachmentContent, MailReading } from "../reading.ts";
import { pastEndNote, toAttachment } from "./email.ts";

/** Encoded octets of what is read as text: larger files are for the download link. */
const maxReadBytes = 24_000_000;
/** Decoded octets of a picture that the model is shown. */
const maxImageBytes = 1_000_000;
/** One FETCH's worth. */
const chunkBytes = 1_048_576;

type Request<Verb extends keyof MailReading> = Parameters<MailReading[Verb]>[0];

export async function getAttachment(
  access: Access,
  documents: DocumentReader,
  request: Request<"getAttachment">,
): Promise<AttachmentContent> {
  const ref = access.toRef(request.id);
  const until = request.offset + request.maxCharacters;
  const { attached, bytes, found } = await access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    const one = await findAttached(imap, ref.uid, request.index);
    if (isAttachedEmail(one.part))
      return { attached: one, found: await readAttachedEmail(imap, ref.uid, one.part, until) };
    if (one.part.size > maxReadBytes || isNeverText(one.part.type)) return { attached: one };
    return { attached: one, bytes: await fetchWhole(imap, ref.uid, one.part) };
  });
  const facts = toAttachment(attached);
  const image = bytes && toImage(bytes);
  const base = { ...facts, size: bytes?.length ?? facts.size };
  if (image && base.size <= maxImageBytes)
    return { ...base, kind: "image", text: "", offset: 0, end: 0, total: 0, image, notes: [] };
  const text =
    found ??
    (bytes && !image ? await toAttachmentText(bytes, attached.part, documents, access.signal) : undefined);
  if (!text || (text.text === "" && text.notes.length === 0))
    return {
      ...base,
      kind: "none",
      text: "",
      offset: 0,
      end: 0,
      total: 0,
      notes: [why(attached.part, image !== undefined)],
    };
  return { ...base, ...cut(text, request) };
}

function cut(
  { text, notes }: AttachmentText,
  { offset, maxCharacters }: { offset: number; maxCharacters: number },
): Pick<AttachmentContent, "kind" | "text" | "offset" | "end" | "total" | "nextOffset" | "notes"> {
  const start = Math.min(offset, text.length);
  const shown = text.slice(start, start + maxCharacters).toWellFormed();
  const end = start + shown.length;
  return {
    kind: text === "" ? "none" : "text",
    text: shown,
    offset: start,
    end,
    total: text.length,
    ...(end < text.length ? { nextOffset: end } : {}),
    notes: [...notes, ...pastEndNote(offset, text.length)],
  };
}

function why(part: Part, image: boolean): string {
  if (image) return "The picture is too large to be shown here; a download link gives it.";
  if (part.size > maxReadBytes) return "The file is too large to be read here; a download link gives it.";
  return "There is no text to be read in a file of this kind; a download link gives it.";
}

const isAttachedEmail = (part: Part) =>
  /^message\/(rfc822|global)$/.test(part.type) && part.children.length > 0;
const isNeverText = (type: string) => /^(audio|video)\//.test(type);

/** By what the bytes say; SVG is not a picture but a program. */
function toImage(bytes: Buffer): { data: string; mimeType: string } | undefined {
  const head = bytes.subarray(0, 12).toString("latin1");
  const mimeType = head.startsWith("\x89PNG\r\n")
    ? "image/png"
    : head.startsWith("\xff\xd8\xff")
      ? "image/jpeg"
      : head.startsWith("GIF8")
        ? "image/gif"
        : head.startsWith("RIFF") && head.endsWith("WEBP")
          ? "image/webp"
          : undefined;
  return mimeType && { data: bytes.toString("base64"), mimeType };
}

/** Throws email_not_found, attachment_not_found. */
async function findAttached(imap: ImapFlow, uid: number, index: number): Promise<AttachedPart> {
  const email = await fetchOneFresh(imap, uid, { uid: true, bodyStructure: true });
  const { attachments } = toEmailContents(toPart(email.bodyStructure ?? { type: "text/plain" }));
  const found = attachments.find((attached) => attached.index === index);
  if (found) return found;
  throw new AppError(
    "attachment_not_found",
    attachments.length === 0
      ? "The email has no attachments."
      : `The email has attachments 1 to ${attachments.length}.`,
  );
}

/** A part's octets piece by piece, decoded. */
async function* fetchChunks(imap: ImapFlow, uid: number, part: Part): AsyncGenerator<Buffer> {
  const decoder = createTransferDecoder(part.encoding);
  for (let start = 0; ; start += chunkBytes) {
    const bodyParts = [{ key: part.part, start, maxLength: chunkBytes }];
    const email = await imap.fetchOne(String(uid), { uid: true, bodyParts }, { uid: true });
    if (!email) throw new AppError("email_not_found", "The email is no longer there.");
    const bytes = email.bodyParts?.get(part.part.toLowerCase()) ?? Buffer.alloc(0);
    const decoded = decoder.push(bytes);
    if (decoded.length > 0) yield decoded;
    if (bytes.length < chunkBytes) break;
  }
  const last = decoder.end();
  if (last.length > 0) yield last;
}

/** A part's octets, decoded. */
export async function fetchWhole(imap: ImapFlow, uid: number, part: Part): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of fetchChunks(imap, uid, part)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Throws email_not_found, attachment_not_found. */
export function describeAttachment(
  access: Access,
  request: Request<"describeAttachment">,
): Promise<Attachment> {
  const ref = access.toRef(request.id);
  return access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    return toAttachment(await findAttached(imap, ref.uid, request.index));
  });
}

/** Hands an attachment's bytes over as they come; the connection is held until `consume` is done. */
export async function streamAttachment(
  access: Access,
  request: Request<"streamAttachment">,
  consume: Parameters<MailReading["streamAttachment"]>[1],
): Promise<void> {
  const ref = access.toRef(request.id);
  let begun = false;
  await access.read(ref.mailbox, async (imap) => {
    // Reading is tried again on a fresh connection; half a file must not be followed by a whole one.
    if (begun) throw new AppError("mail_server_failed", "The mail server broke off.");
    requireSameValidity(imap, ref);
    const attached = await findAttached(imap, ref.uid, request.index);
    const { name, type } = toAttachment(attached);
    begun = true;
    await consume({ name, type, chunks: fetchChunks(imap, ref.uid, attached.part) });
  });
}
