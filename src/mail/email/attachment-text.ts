/** What attachments say, as text: by what their bytes are, then by their name, then by the type they claim. */
import type { ImapFlow } from "imapflow";
import PostalMime from "postal-mime";
import { looksReadable } from "../../documents/kind.ts";
import type { DocumentReader } from "../../documents/reader.ts";
import { isTnef } from "../../documents/tnef.ts";
import { readBody } from "../text/body.ts";
import { calendarToLines } from "../text/calendar.ts";
import { decodeText } from "../text/charset.ts";
import { contactsToLines } from "../text/contacts.ts";
import { show } from "../text/fold.ts";
import { headerValue, parseHeaders, showAddress, toAddresses, toText } from "../text/headers.ts";
import { htmlToMarkdown } from "../text/html-markdown.ts";
import { isOutlookFile } from "../text/outlook.ts";
import { toSafeFileName } from "./file-name.ts";
import { readOutlookFile } from "./outlook-file.ts";
import { type Part, toAnatomy } from "./structure.ts";

export type AttachmentText = { text: string; notes: string[] };

/** Characters of any one text file that are looked at. */
const maxCharacters = 4_000_000;
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
  if (depth === 0 && isTnef(bytes)) return readOutlookFile(bytes, readInside, signal);
  if (looksReadable(bytes)) return documents.read(bytes, signal);
  if (isOutlookFile(part)) return { text: "", notes: [damagedNote] };
  if (is(/^(application\/(pgp-encrypted|pkcs7-mime|x-pkcs7-mime|pgp-signature|(x-)?pkcs7-signature))$/))
    return { text: "", notes: ["Encrypted, or a signature: there is no text to be read in it."] };
  if (is(/^message\//, "eml")) return readEml(bytes);
  const charset = part.charset;
  if (isBinary(bytes, charset)) return { text: "", notes: [] };
  const text = decodeText(bytes, charset).slice(0, maxCharacters).toWellFormed();
  if (is(/^text\/calendar$/, "ics", "ifb"))
    return { text: calendarToLines(text).join("\n").trim(), notes: [] };
  if (is(/^text\/(x-)?vcard$|^text\/directory$/, "vcf", "vcard"))
    return { text: contactsToLines(text).join("\n"), notes: [] };
  if (is(/^text\/html$|^application\/xhtml/, "html", "htm"))
    return { text: show(htmlToMarkdown(text).lines).join("\n"), notes: [] };
  return { text: text.replace(/\r\n?/g, "\n").trim(), notes: [] };
}

const damagedNote = "winmail.dat is damaged, and cannot be read; a download link gives it.";

/** Text has no zero bytes, unless it is UTF-16, and few other controls. */
function isBinary(bytes: Buffer, charset: string | undefined): boolean {
  if (
    /utf-?(16|32)/i.test(charset ?? "") ||
    /^(\xff\xfe|\xfe\xff)/.test(bytes.subarray(0, 2).toString("latin1"))
  )
    return false;
  const head = bytes.subarray(0, 8192);
  const controls = head.filter(
    (byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12 && byte !== 27,
  ).length;
  return head.includes(0) || controls > head.length * 0.02;
}

/** An email as a file: some programs attach them so, in base64. */
async function readEml(bytes: Buffer): Promise<AttachmentText> {
  const email = await PostalMime.parse(bytes.subarray(0, maxCharacters), { maxNestingDepth: 30 });
  const text = email.html ? show(htmlToMarkdown(email.html).lines).join("\n") : (email.text ?? "");
  const head = shownHeaders.flatMap((name) => {
    const value = email.headers.find((header) => header.key === name.toLowerCase())?.value;
    return value ? [`${name}: ${toText(value)}`] : [];
  });
  const files = email.attachments.map(
    (file) => `Attachment: ${file.filename ?? "unnamed"} (${file.mimeType})`,
  );
  return { text: `${[...head, ...files].join("\n")}\n\n${text.trim()}`.trim(), notes: [] };
}

const maxHeaderBytes = 65_536;

/** An attached email whose structure the mail server knows: only its text is fetched, as far as it is read. */
export async function readAttachedEmail(
  imap: ImapFlow,
  uid: number,
  part: Part,
  until: number,
): Promise<AttachmentText> {
  const key = `${part.part}.HEADER`;
  const email = await imap.fetchOne(
    String(uid),
    { uid: true, bodyParts: [{ key, start: 0, maxLength: maxHeaderBytes }] },
    { uid: true },
  );
  const bytes = email ? email.bodyParts?.get(key.toLowerCase()) : undefined;
  const headers = parseHeaders(bytes ?? Buffer.alloc(0));
  const [root] = part.children;
  const anatomy = toAnatomy(root ?? part);
  const body = await readBody(imap, uid, anatomy, { format: "text", until, forward: true });
  const head = shownHeaders.flatMap((name) => {
    const value = headerValue(headers, name);
    if (!value) return [];
    const isPeople = name === "From" || name === "To" || name === "Cc";
    return [`${name}: ${isPeople ? toAddresses(value).map(showAddress).join(", ") : toText(value)}`];
  });
  const files = anatomy.attachments
    .filter(({ inline }) => !inline)
    .map(({ part: file }) => `Attachment: ${toSafeFileName(file.name ?? "unnamed")} (${file.type})`);
  return { text: `${[...head, ...files].join("\n")}\n\n${body.text}`.trim(), notes: body.notes };
}
