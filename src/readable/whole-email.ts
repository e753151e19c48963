/** An email whose bytes are all here: its text as it was sent, and its files, decoded as get_email decodes them. */
import { signedContent } from "../documents/cms.ts";
import { parseMultipartSource, textInHeaders } from "../email/broken-structure.ts";
import { type BodyText, type EmailContents, toEmailContents } from "../email/email-contents.ts";
import { embeddedFiles, partsWithFiles } from "../email/embedded-files.ts";
import { joinFlowed } from "../email/format-flowed.ts";
import { charsetHintsOf, type Header, parseHeaders } from "../email/headers.ts";
import { type MimeTree, parseMimeTree } from "../email/mime-tree.ts";
import { charsetOf, type Part } from "../email/part.ts";
import { htmlToWords } from "../html/visible-words.ts";
import { decodePart, decodePlainPart, type PartDecoding } from "./part-text.ts";
import { htmlOf } from "./render-text.ts";
import { haveSameWords } from "./same-words.ts";
import { toWinmailText } from "./winmail-text.ts";

type WholeEmail = {
  headers: readonly Header[];
  contents: EmailContents;
  tree: MimeTree;
  decoding: PartDecoding;
};

/** One text in the forms it was sent in, without any of it folded or left out. */
export type SentText = { html?: string; plain?: string };

/** `inline`: displayed within the text, as a picture is. */
export type SentFile = Pick<Part, "name" | "type" | "contentId"> & { content: Buffer; inline: boolean };

/** Parses an email, which may be cut anywhere. Attached emails stay files. Never throws. */
export function openWholeEmail(source: Uint8Array): WholeEmail {
  const bytes = withHeaderEnd(source);
  const declared = parseMimeTree(bytes);
  const tree = multipartInside(declared) ?? declared;
  const headers = parseHeaders(bytes, charsetOf(tree.root));
  const decoding = { contentOf: tree.content, charsetHints: charsetHintsOf(headers) };
  return { headers, contents: toEmailContents(tree.root), tree, decoding };
}

/** Inserts the empty line that an email lacks between its headers and its text. */
function withHeaderEnd(source: Uint8Array): Uint8Array {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const text = bytes.includes("\n\n") || bytes.includes("\n\r\n") ? undefined : textInHeaders(bytes);
  if (!text) return bytes;
  return Buffer.concat([bytes.subarray(0, bytes.length - text.length), Buffer.from("\r\n"), text]);
}

/** The parts of an email whose headers do not give the boundary, or call it plain text. */
function multipartInside({ root, encoded }: MimeTree): MimeTree | undefined {
  const hasParts = root.children.length > 0;
  const isText = root.type === "text/plain" || root.type.startsWith("multipart/");
  return hasParts || !isText ? undefined : parseMultipartSource(encoded(root) ?? Buffer.alloc(0));
}

/** The texts of an email in order, also those inside an S/MIME signature. */
export function sentTexts({ contents, decoding }: WholeEmail, signatureDepth = 0): SentText[] {
  const texts = contents.texts.flatMap((text) => {
    if (text.signed) return signedTexts(text.signed, decoding, signatureDepth);
    const first = { html: htmlOf(text, decoding), plain: plainOf(text, decoding) };
    return [first, ...(text.further ?? []).map((part) => furtherText(part, decoding))];
  });
  return texts.filter(({ plain, html }, at) => {
    const others = [texts[at - 1], texts[at + 1]].filter((other) => other?.html && other.plain === undefined);
    const isAlone = plain !== undefined && html === undefined;
    return !isAlone || !others.some((other) => haveSameWords(plain, htmlToWords(other?.html ?? "")));
  });
}

function plainOf({ plain, other, outlook }: BodyText, decoding: PartDecoding): string | undefined {
  const part = plain ?? other;
  return part
    ? plainText(part, decoding)
    : (outlook && toWinmailText(decoding.contentOf(outlook))?.plain) || undefined;
}

const furtherText = (part: Part, decoding: PartDecoding): SentText =>
  part.type === "text/html" ? { html: decodePart(part, decoding) } : { plain: plainText(part, decoding) };

/** Flowed lines are joined (RFC 3676). */
function plainText(part: Part, decoding: PartDecoding): string {
  const text = decodePlainPart(part, decoding);
  const isFlowed = /^flowed$/i.test(part.parameters.format ?? "");
  return isFlowed ? joinFlowed(text, /^yes$/i.test(part.parameters.delsp ?? "")) : text;
}

/** Nobody signs an email over and over. */
const maxSignatureDepth = 3;

function signedTexts(part: Part, { contentOf }: PartDecoding, depth: number): SentText[] {
  const content = depth < maxSignatureDepth && signedContent(contentOf(part) ?? Buffer.alloc(0));
  return content ? sentTexts(openWholeEmail(content), depth + 1) : [];
}

/** The files of an email: those that get_email lists, files inside its text, calendars, and the status of a report. */
export function sentFiles({ contents, tree }: WholeEmail): SentFile[] {
  const { attachments, calendars, report } = contents;
  const others = [...calendars, ...(report?.status ? [report.status] : [])];
  const listed = [...attachments, ...others.map((part) => ({ part, inline: false }))];
  const files = listed.map(({ part, inline }) => ({
    ...part,
    inline,
    content: tree.content(part) ?? Buffer.alloc(0),
  }));
  const inText = partsWithFiles(contents).flatMap((part) =>
    embeddedFiles(part, tree.encoded(part) ?? Buffer.alloc(0)),
  );
  return [...files, ...inText.map((file) => ({ ...file, inline: false }))];
}
