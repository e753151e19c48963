/** Attached emails as text: as a file, or as a part whose structure the mail server knows. */
import PostalMime from "postal-mime";
import { toEmailContents } from "../email/email-contents.ts";
import { toSafeFileName } from "../email/file-name.ts";
import {
  decodeHeaderText,
  formatAddress,
  headerValue,
  parseAddresses,
  parseHeaders,
} from "../email/headers.ts";
import type { Part } from "../email/part.ts";
import { type AttachmentText, cutNote, noteOnly } from "./attachment-result.ts";
import { type BodySource, readBody } from "./body.ts";
import { readHtmlText } from "./text-attachment.ts";

const maxEmailBytes = 4_000_000;
const maxNestingDepth = 30;
const shownHeaders = ["From", "To", "Cc", "Date", "Subject"];

/** Reads an email from a file: some programs attach emails in base64, which hides their structure from the server. */
export async function readEmailFile(bytes: Buffer): Promise<AttachmentText> {
  const email = await PostalMime.parse(bytes.subarray(0, maxEmailBytes), { maxNestingDepth }).catch(
    () => undefined,
  );
  if (!email) return noteOnly("The email is damaged, or made in an unusual way; it cannot be read.");
  const { text, notes } = email.html ? readHtmlText(email.html) : { text: email.text ?? "", notes: [] };
  const isCut = bytes.length > maxEmailBytes;
  return {
    text: `${headLinesOf(email).join("\n")}\n\n${text.trim()}`.trim(),
    notes: [...notes, ...(isCut ? [cutNote(`${maxEmailBytes / 1_000_000} MB`)] : [])],
  };
}

function headLinesOf(email: Awaited<ReturnType<typeof PostalMime.parse>>): string[] {
  const headers = shownHeaders.flatMap((name) => {
    const value = email.headers.find((header) => header.key === name.toLowerCase())?.value;
    return value ? [`${name}: ${decodeHeaderText(value)}`] : [];
  });
  return [...headers, ...email.attachments.map((file) => attachmentLine(file.filename, file.mimeType))];
}

const attachmentLine = (name: string | null | undefined, type: string) =>
  `Attachment: ${toSafeFileName(name ?? "unnamed")} (${type})`;

const maxHeaderBytes = 65_536;

/**
 * Reads an attached email by its parts: only its text is fetched, as far as it is shown. `until`: the end of what is
 * shown, in characters. Throws what readBody throws.
 */
export async function readAttachedEmail(
  source: BodySource,
  part: Part,
  until: number,
): Promise<AttachmentText> {
  const key = `${part.part}.HEADER`;
  const bytes = (await source.fetchParts([{ key, start: 0, maxLength: maxHeaderBytes }])).get(key);
  const headers = parseHeaders(bytes ?? Buffer.alloc(0));
  const contents = toEmailContents(part.children[0] ?? part);
  const body = await readBody(source, contents, { format: "text", until, forward: true });
  const headerLines = shownHeaders.flatMap((name) => {
    const value = headerValue(headers, name);
    if (!value) return [];
    const isAddressList = name === "From" || name === "To" || name === "Cc";
    const shown = isAddressList
      ? parseAddresses(value).map(formatAddress).join(", ")
      : decodeHeaderText(value);
    return [`${name}: ${shown}`];
  });
  const files = contents.attachments
    .filter(({ inline }) => !inline)
    .map(({ part: file }) => attachmentLine(file.name, file.type));
  return { text: `${[...headerLines, ...files].join("\n")}\n\n${body.text}`.trim(), notes: body.notes };
}
