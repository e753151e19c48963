/** Attached emails as text: as a file, or as a part whose structure the mail server knows. */
import { toEmailContents } from "../email/email-contents.ts";
import { toSafeFileName } from "../email/file-name.ts";
import {
  charsetHintsOf,
  decodeHeaderText,
  formatAddress,
  type Header,
  headerValue,
  parseAddresses,
  parseHeaders,
} from "../email/headers.ts";
import { charsetOf, type Part } from "../email/part.ts";
import { type AttachmentText, cutNote } from "./attachment-result.ts";
import { type BodySource, readBody } from "./body.ts";
import { renderBody } from "./render-body.ts";
import { openWholeEmail, sentFiles } from "./whole-email.ts";

const maxEmailBytes = 4_000_000;
const shownHeaders = ["From", "To", "Cc", "Date", "Subject"];

const tooDeepNote = "Parts of the email are nested too deeply, or too many, to be read.";

/** Reads an email from a file: some programs attach emails in base64, which hides their structure from the server. */
export function readEmailFile(bytes: Buffer): AttachmentText {
  const email = openWholeEmail(bytes.subarray(0, maxEmailBytes));
  const request = { format: "text", forward: true, charsetHints: email.decoding.charsetHints } as const;
  const { text, notes } = renderBody(email.contents, request, email.tree.content);
  const files = sentFiles(email)
    .filter(({ inline }) => !inline)
    .map(({ name, type }) => attachmentLine(name, type));
  const isCut = bytes.length > maxEmailBytes;
  return {
    text: `${[...headLinesOf(email.headers), ...files].join("\n")}\n\n${text}`.trim(),
    notes: [
      ...notes,
      ...(email.tree.isCut ? [tooDeepNote] : []),
      ...(isCut ? [cutNote(`${maxEmailBytes / 1_000_000} MB`)] : []),
    ],
  };
}

function headLinesOf(headers: readonly Header[]): string[] {
  return shownHeaders.flatMap((name) => {
    const value = headerValue(headers, name);
    if (!value) return [];
    const isAddressList = name === "From" || name === "To" || name === "Cc";
    const shown = isAddressList
      ? parseAddresses(value).map(formatAddress).join(", ")
      : decodeHeaderText(value);
    return [`${name}: ${shown}`];
  });
}

const attachmentLine = (name: string | undefined, type: string) =>
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
  const root = part.children[0] ?? part;
  const headers = parseHeaders(bytes ?? Buffer.alloc(0), charsetOf(root));
  const contents = toEmailContents(root);
  const charsetHints = charsetHintsOf(headers);
  const body = await readBody(source, contents, { format: "text", until, forward: true, charsetHints });
  const files = contents.attachments
    .filter(({ inline }) => !inline)
    .map(({ part: file }) => attachmentLine(file.name, file.type));
  return {
    text: `${[...headLinesOf(headers), ...files].join("\n")}\n\n${body.text}`.trim(),
    notes: body.notes,
  };
}
