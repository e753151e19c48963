/** Attachments as text: recognized by their bytes, then by their name, then by the type they declare. */
import { isEncryptedCms, signedContent } from "../documents/cms.ts";
import { isReadableDocument } from "../documents/file-kind.ts";
import type { DocumentReader } from "../documents/sandbox.ts";
import { isTnef } from "../documents/tnef/tnef.ts";
import { isOutlookFile, isSmimeFile, type Part } from "../email/part.ts";
import { readEmailFile } from "./attached-email.ts";
import { createInnerFileReader } from "./attachment-files.ts";
import { type AttachmentText, noteOnly } from "./attachment-result.ts";
import { readTextFile } from "./text-attachment.ts";
import { readWinmail } from "./winmail-attachment.ts";

/** Reads a file that is no document in a child process. `depth`: 0 for an attachment, 1 for a file inside of one. */
type ReadElsewhere = (file: {
  bytes: Buffer;
  part: Part;
  depth: number;
  signal: AbortSignal;
}) => Promise<AttachmentText>;

type AttachedFile = {
  bytes: Buffer;
  part: Part;
  /** The extension of its name in lower case; empty without one. */
  extension: string;
  documents: DocumentReader;
  readElsewhere?: ReadElsewhere;
  signal: AbortSignal;
  /** 0 for an attachment, 1 for a file inside of one. */
  depth: number;
};

type AttachmentReader = {
  recognizes(file: AttachedFile): boolean;
  /** Undefined when the content turns out to be something else: then the next reader is tried. */
  read(file: AttachedFile): AttachmentText | Promise<AttachmentText> | undefined;
};

const headBytes = 1024;
const noText = /^application\/(pgp-encrypted|pkcs7-mime|x-pkcs7-mime|pgp-signature|(x-)?pkcs7-signature)$/;
/** Signatures around each other that are opened. */
const maxSignatures = 3;

/** The first reader that recognizes a file reads it. */
const readers: readonly AttachmentReader[] = [
  { recognizes: ({ bytes }) => bytes.length === 0, read: () => noteOnly("The file is empty.") },
  {
    recognizes: ({ bytes, depth }) => depth === 0 && isTnef(bytes),
    read: (file) => readWinmail(file.bytes, innerFilesOf(file)),
  },
  {
    recognizes: ({ bytes }) => isReadableDocument(bytes),
    read: readDocumentFile,
  },
  {
    recognizes: ({ part }) => isOutlookFile(part),
    read: () => noteOnly("winmail.dat is damaged, and cannot be read; a download link gives it."),
  },
  {
    recognizes: ({ part, extension, depth }) =>
      (isSmimeFile(part) || extension === "p7m") && depth <= maxSignatures,
    read: readSignedFile,
  },
  {
    recognizes: ({ part }) => noText.test(part.type),
    read: () => noteOnly("The file is encrypted, or a signature: it contains no text that can be read."),
  },
  { recognizes: isEmailFile, read: ({ bytes }) => readEmailFile(bytes) },
  { recognizes: () => true, read: ({ bytes, part, extension }) => readTextFile(bytes, part, extension) },
];

const innerFilesOf = (file: AttachedFile) =>
  createInnerFileReader(
    (bytes, part, deadline) =>
      readAttachment({ ...file, bytes, part, signal: deadline, depth: file.depth + 1 }),
    file.signal,
  );

/** Reads a document with the files inside it: one level of them, so that an archive in an archive is only listed. */
async function readDocumentFile(file: AttachedFile): Promise<AttachmentText> {
  const { text, notes, files = [], scan } = await file.documents.read(file.bytes, file.signal);
  // The pictures of a scan are read from the attachment itself, not from a file inside of it.
  if (files.length === 0)
    return file.depth === 0 ? { text, notes, scan } : { text: scan?.isWhole ? "" : text, notes };
  const reader = innerFilesOf(file);
  const readable = files.filter(({ name }) => name === "" || file.depth === 0);
  const sections = text === "" ? [] : [text];
  for (const inner of readable) sections.push(...(await reader.read(inner)));
  const listed = readable.length < files.length ? ["The files inside it are listed, not read."] : [];
  return { text: sections.join("\n\n"), notes: [...notes, ...listed, ...reader.notes()] };
}

/**
 * Reads what a signature (.p7m, RFC 5652) contains: an email, or a file such as invoice.xml.p7m. Undefined for an
 * encrypted file and for anything else.
 */
function readSignedFile(file: AttachedFile): Promise<AttachmentText> | AttachmentText | undefined {
  const { bytes, part, depth } = file;
  const binary = fromBase64(bytes);
  const content = signedContent(binary);
  if (!content) return isEncryptedCms(binary) ? noteOnly(encryptedNote) : undefined;
  const inner = Buffer.from(content);
  const isEmail = /^[\r\n]*[a-z][\w-]{1,60}[ \t]*:/i.test(inner.subarray(0, headBytes).toString("latin1"));
  const name = part.name?.replace(/\.p7m$/i, "");
  const hasName = /\.[a-z0-9]{1,8}$/i.test(name ?? "");
  if (isEmail && !hasName) return readEmailFile(inner);
  const innerPart = {
    ...part,
    type: "application/octet-stream",
    size: inner.length,
    charset: undefined,
    name,
  };
  return readAttachment({ ...file, bytes: inner, part: innerPart, depth: depth + 1 });
}

const encryptedNote = "The file is encrypted; only the recipient's own mail program can open it.";

/** Some programs write signatures as text: base64, with or without the lines of RFC 7468. */
function fromBase64(bytes: Buffer): Buffer {
  const head = bytes.subarray(0, headBytes).toString("latin1").trimStart();
  if (!/^(-----BEGIN (PKCS ?#?7|CMS)|M[A-Za-z0-9+/]{20})/.test(head)) return bytes;
  return Buffer.from(bytes.toString("latin1").replace(/-----[A-Z0-9 #]{1,40}-----/g, ""), "base64");
}

/** Word and browsers save a page as one file in the format of an email (RFC 2557). */
function isEmailFile({ bytes, part, extension }: AttachedFile): boolean {
  return (
    /^message\/|^multipart\/related$/.test(part.type) ||
    ["eml", "mht", "mhtml"].includes(extension) ||
    /^mime-version:/i.test(bytes.subarray(0, headBytes).toString("latin1"))
  );
}

/**
 * Reads an attachment. The text is empty, without notes, for a file that holds none, such as a picture. Throws
 * timed_out, and what the document reader throws once `signal` is aborted.
 */
export function toAttachmentText(
  bytes: Buffer,
  part: Part,
  documents: DocumentReader,
  signal: AbortSignal,
  { depth = 0, readElsewhere }: { depth?: number; readElsewhere?: ReadElsewhere } = {},
): Promise<AttachmentText> {
  return readAttachment({ bytes, part, documents, signal, depth, readElsewhere });
}

async function readAttachment(attached: Omit<AttachedFile, "extension">): Promise<AttachmentText> {
  const extension = /\.([a-z0-9]{1,8})$/i.exec(attached.part.name ?? "")?.[1]?.toLowerCase() ?? "";
  const file = { ...attached, extension };
  if (file.readElsewhere && !isReadableDocument(file.bytes)) return file.readElsewhere(file);
  for (const reader of readers) {
    const result = reader.recognizes(file) ? await reader.read(file) : undefined;
    if (result) return result;
  }
  return { text: "", notes: [] };
}
