/** Attachments: their content as text or as a picture, or their bytes as they come from the mail server. */
import type { ImapFlow } from "imapflow";
import { type AttachedPart, toEmailContents } from "../../email/email-contents.ts";
import { numberEmbedded, partsWithFiles } from "../../email/embedded-files.ts";
import type { Part } from "../../email/part.ts";
import { createTransferDecoder } from "../../email/transfer-decoder.ts";
import { AppError } from "../../errors.ts";
import { fetchPartOctets } from "../../imap/fetch.ts";
import { requireSameValidity } from "../../imap/select.ts";
import { fetchOneFresh } from "../../imap/sync.ts";
import { readAttachedEmail } from "../../readable/attached-email.ts";
import type { AttachmentText } from "../../readable/attachment-result.ts";
import type { Renderer } from "../../readable/renderer.ts";
import type { Access } from "../access.ts";
import type { Attachment, AttachmentContent, MailReading } from "../reading.ts";
import { createFetchParts } from "./fetch-parts.ts";
import { fetchStructure } from "./fetch-structure.ts";
import { pastEndNote, toAttachment, toExcerpt } from "./get-email.ts";
import { readScannedPages } from "./scanned-pages.ts";

/** Encoded octets up to which an attachment is read as text; larger ones are for the download link. */
const maxReadBytes = 24_000_000;
/** Decoded octets up to which a picture is shown to the model. */
const maxImageBytes = 1_000_000;
/** Octets of one FETCH. */
const chunkBytes = 1_048_576;

type Request<Verb extends keyof MailReading> = Parameters<MailReading[Verb]>[0];

/**
 * The content of an attachment as text or as a picture. Nothing is decoded or rendered while a connection is held.
 * Throws email_not_found, email_moved, attachment_not_found, timed_out.
 */
export async function getAttachment(
  access: Access,
  renderer: Renderer,
  request: Request<"getAttachment">,
): Promise<AttachmentContent> {
  const ref = access.toRef(request.id);
  const { attached, fetched } = await access.readEmail(ref, async (imap) => {
    requireSameValidity(imap, ref);
    const attached = await findAttachment(access, imap, ref.uid, request.index);
    const isRead = !isAttachedEmail(attached.part) && !isNeverText(attached.part.type);
    return isRead && attached.part.size <= maxReadBytes
      ? { attached, fetched: await fetchPart(access, imap, ref.uid, attached.part) }
      : { attached, fetched: undefined };
  });
  const bytes = fetched?.content;
  const facts = toAttachment(attached);
  const base = { ...facts, size: bytes?.length ?? facts.size };
  const image = bytes && toImage(bytes);
  if (image && base.size <= maxImageBytes)
    return { ...base, ...noText, kind: "image", images: [image], notes: [] };
  const text = await readText();
  if (!text || (text.text === "" && text.notes.length === 0))
    return { ...base, ...noText, kind: "none", notes: [toReason(attached.part, image !== undefined)] };
  const scanned = await readScannedPages(bytes ?? Buffer.alloc(0), text, request, renderer, access.signal);
  const notes = [...cutNotes(fetched), ...text.notes, ...scanned.notes];
  // A scan without pictures to show is a list of empty pages.
  const shown = text.scan?.isWhole && scanned.images.length === 0 ? "" : text.text;
  return { ...base, ...toContent({ text: shown, notes }, scanned.range), images: scanned.images };

  async function readText(): Promise<AttachmentText | undefined> {
    const { part } = attached;
    if (isAttachedEmail(part)) {
      const until = request.offset + request.maxCharacters;
      return readAttachedEmail(
        { fetchParts: createFetchParts(access, ref), renderer, signal: access.signal },
        part,
        until,
      );
    }
    return bytes && !image ? renderer.readAttachment(bytes, part, access.signal) : undefined;
  }
}

function cutNotes(fetched: { content: Buffer; isCut: boolean } | undefined): string[] {
  if (!fetched?.isCut) return [];
  const kilobytes = Math.ceil(fetched.content.length / 1024);
  return [`The mail server sends only the first ${kilobytes} KB of this file: what follows is missing.`];
}

const noText = { text: "", offset: 0, end: 0, total: 0 };

function toContent(
  { text, notes }: AttachmentText,
  request: { offset: number; maxCharacters: number },
): Pick<AttachmentContent, "kind" | "text" | "offset" | "end" | "total" | "nextOffset" | "notes"> {
  const { body, ...position } = toExcerpt(text, request);
  return {
    kind: text === "" ? "none" : "text",
    text: body,
    ...position,
    notes: [...notes, ...pastEndNote(request.offset, text.length)],
  };
}

/** The sentence that says why an attachment has no text here. */
function toReason(part: Part, isImage: boolean): string {
  if (isImage) return "The picture is too large to be shown here; a download link gives the file.";
  if (part.size > maxReadBytes)
    return "The file is too large to be read here; a download link gives the whole file.";
  return "Files of this kind contain no text that can be read; a download link gives the file.";
}

const isAttachedEmail = (part: Part) =>
  /^message\/(rfc822|global)$/.test(part.type) && part.children.length > 0;
const isNeverText = (type: string) => /^(audio|video)\//.test(type);

const imageTypes: readonly { mimeType: string; matches(head: string): boolean }[] = [
  { mimeType: "image/png", matches: (head) => head.startsWith("\x89PNG\r\n") },
  { mimeType: "image/jpeg", matches: (head) => head.startsWith("\xff\xd8\xff") },
  { mimeType: "image/gif", matches: (head) => head.startsWith("GIF8") },
  { mimeType: "image/webp", matches: (head) => head.startsWith("RIFF") && head.endsWith("WEBP") },
];

/** A picture, recognized by its first bytes. SVG is not one: it can hold scripts. */
function toImage(bytes: Buffer): { data: string; mimeType: string } | undefined {
  const head = bytes.subarray(0, 12).toString("latin1");
  const found = imageTypes.find(({ matches }) => matches(head));
  return found && { data: bytes.toString("base64"), mimeType: found.mimeType };
}

/** Finds files inside text, which is not done in this process. */
type FileSource = Pick<Access, "renderer" | "signal">;

/**
 * The attachment of this index, as get_email numbers them, of an email in the selected mailbox.
 * Throws email_not_found, attachment_not_found.
 */
export async function findAttachment(
  { renderer, signal }: FileSource,
  imap: ImapFlow,
  uid: number,
  index: number,
): Promise<AttachedPart> {
  const email = await fetchOneFresh(imap, uid, { uid: true, bodyStructure: true });
  const contents = toEmailContents(
    await fetchStructure(imap, uid, email.bodyStructure ?? { type: "text/plain" }),
  );
  const listed = contents.attachments.find((attached) => attached.index === index);
  if (listed) return listed;
  const embedded: Part[] = [];
  for (const part of partsWithFiles(contents).filter(({ size }) => size <= maxReadBytes))
    embedded.push(...(await renderer.listFiles(part, await fetchEncoded(imap, uid, part), signal)));
  const attachments = [...contents.attachments, ...numberEmbedded(contents, embedded)];
  const found = attachments.find((attached) => attached.index === index);
  if (found) return found;
  throw new AppError(
    "attachment_not_found",
    attachments.length === 0
      ? "The email has no attachments."
      : `The email has attachments 1 to ${attachments.length}.`,
  );
}

/** Decoded content, and the number of octets that it was on the server. */
type Chunk = { content: Buffer; octets: number };

/** The content of a part, one FETCH at a time. Throws email_not_found. */
async function* fetchChunks(
  { renderer, signal }: FileSource,
  imap: ImapFlow,
  uid: number,
  part: Part,
): AsyncGenerator<Chunk> {
  if (part.embedded) {
    const { part: text, position } = part.embedded;
    const content = await renderer.readFile(text, await fetchEncoded(imap, uid, text), position, signal);
    if (content) yield { content, octets: content.length };
    return;
  }
  yield* fetchPieces(imap, uid, part);
}

async function* fetchPieces(imap: ImapFlow, uid: number, part: Part): AsyncGenerator<Chunk> {
  const decoder = createTransferDecoder(part.encoding);
  for (let start = 0; ; start += chunkBytes) {
    const range = { key: part.part, start, maxLength: chunkBytes, size: part.size };
    const bytes = (await fetchPartOctets(imap, uid, [range]))?.get(part.part);
    if (!bytes) throw new AppError("email_not_found", "The email is no longer there.");
    yield { content: decoder.push(bytes), octets: bytes.length };
    if (bytes.length < chunkBytes) break;
  }
  yield { content: decoder.end(), octets: 0 };
}

/** The octets of a part with its transfer encoding. */
async function fetchEncoded(imap: ImapFlow, uid: number, part: Part): Promise<Buffer> {
  const chunks = fetchPieces(imap, uid, { ...part, encoding: undefined });
  return Buffer.concat((await Array.fromAsync(chunks)).map(({ content }) => content));
}

/** Some servers overstate sizes by a few per cent; what is shorter than this is cut off. */
const isShort = (octets: number, size: number) => octets < 0.9 * size;

const cutOff = () =>
  new AppError("mail_server_failed", "The mail server sends only a part of this file.", {
    hint: "Open the email in a mail program; it may be damaged on the mail server.",
  });

/** The whole content of a part; `isCut` where the server sent only a part of it. Throws email_not_found. */
async function fetchPart(
  files: FileSource,
  imap: ImapFlow,
  uid: number,
  part: Part,
): Promise<{ content: Buffer; isCut: boolean }> {
  const chunks: Chunk[] = [];
  for await (const chunk of fetchChunks(files, imap, uid, part)) chunks.push(chunk);
  const octets = chunks.reduce((sum, chunk) => sum + chunk.octets, 0);
  return { content: Buffer.concat(chunks.map(({ content }) => content)), isCut: isShort(octets, part.size) };
}

/** The whole content of a part. Throws email_not_found, and mail_server_failed when the server sent only a part of it. */
export async function fetchWholePart(
  files: FileSource,
  imap: ImapFlow,
  uid: number,
  part: Part,
): Promise<Buffer> {
  const { content, isCut } = await fetchPart(files, imap, uid, part);
  if (isCut) throw cutOff();
  return content;
}

/** The content of a part piece by piece. Throws as fetchWholePart does, at the end. */
async function* streamPart(
  files: FileSource,
  imap: ImapFlow,
  uid: number,
  part: Part,
): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const { content, octets } of fetchChunks(files, imap, uid, part)) {
    received += octets;
    if (content.length > 0) yield content;
  }
  if (isShort(received, part.size)) throw cutOff();
}

/** Name, type and size of an attachment. Throws email_not_found, email_moved, attachment_not_found. */
export function describeAttachment(
  access: Access,
  request: Request<"describeAttachment">,
): Promise<Attachment> {
  const ref = access.toRef(request.id);
  return access.readEmail(ref, async (imap) => {
    requireSameValidity(imap, ref);
    return toAttachment(await findAttachment(access, imap, ref.uid, request.index));
  });
}

/**
 * Passes an attachment's bytes to `consume` as they arrive; the connection is held until `consume` settles.
 * Throws email_not_found, email_moved, attachment_not_found, mail_server_failed.
 */
export async function streamAttachment(
  access: Access,
  request: Request<"streamAttachment">,
  consume: Parameters<MailReading["streamAttachment"]>[1],
): Promise<void> {
  const ref = access.toRef(request.id);
  let hasStarted = false;
  await access.read(ref.mailbox, async (imap) => {
    // A read is retried on a fresh connection; half a file must not be followed by a whole one.
    if (hasStarted) throw new AppError("mail_server_failed", "The mail server broke off.");
    requireSameValidity(imap, ref);
    const attached = await findAttachment(access, imap, ref.uid, request.index);
    const { name, type } = toAttachment(attached);
    hasStarted = true;
    await consume({ name, type, chunks: streamPart(access, imap, ref.uid, attached.part) });
  });
}
