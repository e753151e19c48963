/** What attachments say, as text: by what their bytes are, then by their name, then by the type they claim. */
import PostalMime from "postal-mime";
import { signedContent } from "../documents/cms.ts";
import { describeCompoundFile } from "../documents/compound-file.ts";
import { isReadableDocument } from "../documents/file-kind.ts";
import type { DocumentReader } from "../documents/sandbox.ts";
import { isTnef } from "../documents/tnef/tnef.ts";
import { toEmailContents } from "../email/email-contents.ts";
import { toSafeFileName } from "../email/file-name.ts";
import {
  decodeHeaderText,
  formatAddress,
  headerValue,
  parseAddresses,
  parseHeaders,
} from "../email/headers.ts";
import { isOutlookFile, isSmimeFile, type Part } from "../email/part.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import { type FetchParts, readBody } from "./body.ts";
import { calendarToLines } from "./calendar.ts";
import { contactsToLines } from "./contacts.ts";
import { show } from "./fold.ts";
import { readOutlookFile } from "./outlook-file.ts";
import { toTextFile } from "./text-file.ts";

export type AttachmentText = { text: string; notes: string[] };

const maxHtmlCharacters = 1_000_000;
const maxEmailBytes = 4_000_000;
const shownHeaders = ["From", "To", "Cc", "Date", "Subject"];

/** Empty text without notes: there is nothing to read in it. `depth`: files inside files. Throws timed_out. */
export async function toAttachmentText(
  bytes: Buffer,
  part: Part,
  documents: DocumentReader,
  signal: AbortSignal,
  depth = 0,
): Promise<AttachmentText> {
  const ending = /\.([a-z0-9]{1,8})$/i.exec(part.name ?? "")?.[1]?.toLowerCase() ?? "";
  const is = (type: RegExp, ...endings: string[]) => type.test(part.type) || endings.includes(ending);
  const readInside = (inner: Buffer, its: Part) => toAttachmentText(inner, its, documents, signal, depth + 1);
  if (bytes.length === 0) return said("The file is empty.");
  if (depth === 0 && isTnef(bytes)) return readOutlookFile(bytes, readInside, signal);
  if (isReadableDocument(bytes)) return documents.read(bytes, signal);
  if (isOutlookFile(part))
    return said("winmail.dat is damaged, and cannot be read; a download link gives it.");
  const older = describeCompoundFile(bytes);
  if (older) return said(older);
  const signed = isSmimeFile(part) || ending === "p7m" ? signedContent(bytes) : undefined;
  if (signed) return readEml(Buffer.from(signed));
  if (is(/^(application\/(pgp-encrypted|pkcs7-mime|x-pkcs7-mime|pgp-signature|(x-)?pkcs7-signature))$/))
    return said("Encrypted, or a signature: there is no text to be read in it.");
  const head = bytes.subarray(0, 1024).toString("latin1");
  // A page that Word or a browser saves as one file is written as an email.
  if (is(/^message\/|^multipart\/related$/, "eml", "mht", "mhtml") || /^mime-version:/i.test(head))
    return readEml(bytes);
  const file = toTextFile(bytes, part.charset);
  if (!file) return { text: "", notes: [] };
  if (file.text.trim() === "") return said("There is nothing but space in the file.");
  const { text, notes } = toWords(file.text);
  return { text, notes: [...file.notes, ...notes] };

  function toWords(source: string): AttachmentText {
    const plain = (words: string) => ({ text: words.trim(), notes: [] });
    if (is(/^text\/calendar$/, "ics", "ifb")) return plain(calendarToLines(source).join("\n"));
    if (is(/^text\/(x-)?vcard$|^text\/directory$/, "vcf", "vcard"))
      return plain(contactsToLines(source).join("\n"));
    // Banks and shops call their tables in HTML .xls, too.
    if (is(/^text\/html$|^application\/xhtml/, "html", "htm") || isHtml.test(source.slice(0, 1024)))
      return readHtml(source);
    return plain(source.replace(/\r\n?/g, "\n"));
  }
}

const isHtml = /^\W*<(!doctype html|html)\b/i;

/** Not more than what is soon read: others wait meanwhile. */
function readHtml(source: string): AttachmentText {
  const text = show(htmlToMarkdown(source.slice(0, maxHtmlCharacters)).lines).join("\n");
  const cut = source.length > maxHtmlCharacters ? [cutNoteOf(`${maxHtmlCharacters} characters of HTML`)] : [];
  return { text, notes: cut };
}

const cutNoteOf = (what: string) => `Only the first ${what} were read; a download link gives the whole.`;

const said = (note: string): AttachmentText => ({ text: "", notes: [note] });

/** An email as a file: some programs attach them so, in base64. */
async function readEml(bytes: Buffer): Promise<AttachmentText> {
  const shown = bytes.subarray(0, maxEmailBytes);
  const email = await PostalMime.parse(shown, { maxNestingDepth: 30 }).catch(() => undefined);
  if (!email) return said("The email is damaged, or made in an unusual way; it cannot be read.");
  const { text, notes } = email.html ? readHtml(email.html) : { text: email.text ?? "", notes: [] };
  const head = shownHeaders.flatMap((name) => {
    const value = email.headers.find((header) => header.key === name.toLowerCase())?.value;
    return value ? [`${name}: ${decodeHeaderText(value)}`] : [];
  });
  const files = email.attachments.map(
    (file) => `Attachment: ${toSafeFileName(file.filename ?? "unnamed")} (${file.mimeType})`,
  );
  return {
    text: `${[...head, ...files].join("\n")}\n\n${text.trim()}`.trim(),
    notes: [...notes, ...(shown.length < bytes.length ? [cutNoteOf(`${maxEmailBytes / 1_000_000} MB`)] : [])],
  };
}

const maxHeaderBytes = 65_536;

/** An attached email whose structure the mail server knows: only its text is fetched, as far as it is read. */
export async function readAttachedEmail(
  fetchParts: FetchParts,
  part: Part,
  until: number,
): Promise<AttachmentText> {
  const key = `${part.part}.HEADER`;
  const bytes = (await fetchParts([{ key, start: 0, maxLength: maxHeaderBytes }])).get(key);
  const headers = parseHeaders(bytes ?? Buffer.alloc(0));
  const [root] = part.children;
  const contents = toEmailContents(root ?? part);
  const body = await readBody(fetchParts, contents, { format: "text", until, forward: true });
  const head = shownHeaders.flatMap((name) => {
    const value = headerValue(headers, name);
    if (!value) return [];
    const isPeople = name === "From" || name === "To" || name === "Cc";
    return [
      `${name}: ${isPeople ? parseAddresses(value).map(formatAddress).join(", ") : decodeHeaderText(value)}`,
    ];
  });
  const files = contents.attachments
    .filter(({ inline }) => !inline)
    .map(({ part: file }) => `Attachment: ${toSafeFileName(file.name ?? "unnamed")} (${file.type})`);
  return { text: `${[...head, ...files].join("\n")}\n\n${body.text}`.trim(), notes: body.notes };
}
