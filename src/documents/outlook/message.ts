/** Emails and other items saved by Outlook (.msg, MS-OXMSG), parsed by msgreader. */
import MsgReaderPackage, { type FieldsData } from "@kenjiuno/msgreader";
import { decodeCodePage } from "../code-page.ts";
import type { DocumentText, InnerFile } from "../document-text.ts";
import { decompressRtf } from "../rtf/compressed-rtf.ts";
import { readRtf } from "../rtf/rtf.ts";

/** Bun gives the exports of the package, Node its default export. */
const MsgReader =
  "default" in MsgReaderPackage ? (MsgReaderPackage.default as typeof MsgReaderPackage) : MsgReaderPackage;

/** MAPI properties (MS-OXPROPS) whose values are code pages: of 8-bit texts, and of the HTML body. */
const codePageTags = { text: 0x3ffd0003, html: 0x3fde0003 };
const defaultCodePage = 1252;

const maxAttachments = 100;
/** Bytes of all attachments that are given out for reading. */
const maxAttachmentBytes = 8_000_000;
const maxRtfBytes = 2_000_000;
const maxRecipients = 200;

/**
 * Returns the headers and a plain body as text, an HTML body as a nameless file, and the attachments as files. Throws
 * when the file is damaged.
 */
export function readOutlookMessage(bytes: Uint8Array): DocumentText {
  const { reader, fields, codePages } = parseMessage(bytes);
  const { plain, html } = bodyOf(fields, codePages.html ?? codePages.text ?? defaultCodePage);
  const attachments = (fields.attachments ?? []).slice(0, maxAttachments);
  const text = [
    [...headerLines(fields), ...attachments.map((one) => `Attachment: ${describeAttachment(one)}`)].join(
      "\n",
    ),
    html === undefined ? plain : "",
  ];
  const body =
    html === undefined ? [] : [{ name: "", type: "text/html", charset: "utf-8", bytes: Buffer.from(html) }];
  return {
    text: text.filter((block) => block !== "").join("\n\n"),
    notes: [],
    files: [...body, ...readAttachments(reader, attachments)],
  };
}

type CodePages = { text: number | undefined; html: number | undefined };

/** Parses twice when the texts are not in the default code page, which only the first time tells. */
function parseMessage(bytes: Uint8Array) {
  const first = parseIn(bytes, defaultCodePage);
  const { text } = first.codePages;
  const { reader, fields } = text === undefined || text === defaultCodePage ? first : parseIn(bytes, text);
  if (fields.error) throw new Error(fields.error);
  return { reader, fields, codePages: first.codePages };
}

function parseIn(bytes: Uint8Array, codePage: number) {
  const found: { of: FieldsData; tag: number; value: number }[] = [];
  const reader = new MsgReader(Uint8Array.from(bytes).buffer);
  reader.parserConfig = {
    ansiEncoding: codePage === 65_001 ? "utf8" : `cp${codePage}`,
    propertyObserver(of, tag, raw) {
      if (raw && raw.length >= 4 && Object.values(codePageTags).includes(tag))
        found.push({ of, tag, value: Buffer.from(raw).readUInt32LE(0) });
    },
  };
  const fields = reader.getFileData();
  // Attached emails have code pages of their own.
  const codePageOf = (tag: number) => found.find((one) => one.of === fields && one.tag === tag)?.value;
  const codePages: CodePages = { text: codePageOf(codePageTags.text), html: codePageOf(codePageTags.html) };
  return { reader, fields, codePages };
}

function bodyOf(fields: FieldsData, htmlCodePage: number): { plain: string; html: string | undefined } {
  const plain = (fields.body ?? "").replace(/\r\n?/g, "\n").trim();
  const html = fields.html ? decodeCodePage(fields.html, htmlCodePage) : fields.bodyHtml;
  if (html?.trim() || plain !== "") return { plain, html: html?.trim() ? html : undefined };
  const rtf = fields.compressedRtf && decompressRtf(fields.compressedRtf, maxRtfBytes);
  const restored = rtf && readRtf(rtf, { restoreHtml: true });
  if (!restored?.text) return { plain: "", html: undefined };
  return restored.isHtml ? { plain: "", html: restored.text } : { plain: restored.text, html: undefined };
}

function headerLines(fields: FieldsData): string[] {
  const { senderName, senderSmtpAddress, senderEmail, recipients = [] } = fields;
  const sender = formatPerson(senderName, senderSmtpAddress, senderEmail);
  const listed = (type: "to" | "cc" | "bcc") =>
    recipients
      .filter(({ recipType = "to" }) => recipType === type)
      .slice(0, maxRecipients)
      .map(({ name, smtpAddress, email }) => formatPerson(name, smtpAddress, email))
      .join(", ");
  return [
    ["From", sender],
    ["To", listed("to")],
    ["Cc", listed("cc")],
    ["Bcc", listed("bcc")],
    ["Date", toIsoTime(fields.clientSubmitTime ?? fields.messageDeliveryTime)],
    ["Subject", fields.subject ?? ""],
    ["Start", toIsoTime(fields.apptStartWhole)],
    ["End", toIsoTime(fields.apptEndWhole)],
    ["Location", fields.apptLocation ?? fields.location ?? ""],
  ].flatMap(([name, value = ""]) => (value.trim() === "" ? [] : [`${name}: ${inOneLine(value)}`]));
}

/** An Exchange server's own form of an address, "/O=…", is not shown. */
function formatPerson(name = "", ...addresses: (string | undefined)[]): string {
  const address = addresses.find((one) => one?.includes("@")) ?? "";
  if (address === "" || name === address) return name || address;
  return name === "" ? address : `${name} <${address}>`;
}

const inOneLine = (text: string) => text.replace(/\s+/g, " ").trim();

function toIsoTime(time: string | undefined): string {
  const milliseconds = Date.parse(time ?? "");
  return Number.isNaN(milliseconds) ? "" : new Date(milliseconds).toISOString().replace(".000Z", "Z");
}

const nameOf = ({ fileName, fileNameShort, name }: FieldsData) =>
  inOneLine(fileName ?? fileNameShort ?? name ?? "") || "unnamed";

function describeAttachment(attachment: FieldsData): string {
  const type = attachment.innerMsgContent ? "an email" : attachment.attachMimeTag;
  const size = attachment.contentLength === undefined ? undefined : `${attachment.contentLength} bytes`;
  const facts = [type, size].filter((fact) => fact).join(", ");
  return facts ? `${nameOf(attachment)} (${facts})` : nameOf(attachment);
}

/** Pictures and files beyond the limit are only listed. */
function readAttachments(
  reader: InstanceType<typeof MsgReader>,
  attachments: readonly FieldsData[],
): InnerFile[] {
  let remainingBytes = maxAttachmentBytes;
  return attachments.flatMap((attachment) => {
    if ((attachment.contentLength ?? 0) > remainingBytes || /^image\//.test(attachment.attachMimeTag ?? ""))
      return [];
    const { content } = reader.getAttachment(attachment);
    if (content.length > remainingBytes) return [];
    remainingBytes -= content.length;
    const name = attachment.innerMsgContent
      ? `${nameOf(attachment).replace(/\.msg$/i, "")}.msg`
      : nameOf(attachment);
    return [{ name, type: attachment.attachMimeTag, bytes: content }];
  });
}
