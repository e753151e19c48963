/**
 * winmail.dat, Outlook's format for rich messages (MS-OXTNEF): the text of the email, its event and its attachments.
 * Parsed here because the packages on npm patch String or take quadratic time.
 */
import { createByteReader } from "../byte-reader.ts";
import { decodeCodePage } from "../code-page.ts";
import { decompressRtf } from "../rtf/compressed-rtf.ts";
import { type Rtf, readRtf } from "../rtf/rtf.ts";
import {
  type MapiProperties,
  mapiText,
  mapiTime,
  propertyIds,
  readMapiProperties,
} from "./mapi-properties.ts";

export type TnefFile = {
  name: string;
  /** The MIME type, if it is given. */
  type: string | undefined;
  content: Uint8Array;
  /** Set when the file is an email. */
  email: Tnef | undefined;
};

export type Tnef = {
  /** IPM.Note, IPM.Schedule.Meeting.Request … (MS-OXCMSG section 2.2.1.3). */
  messageClass: string;
  subject: string;
  text: string | undefined;
  html: string | undefined;
  /** Times in milliseconds since 1970. */
  event: { start: number; end: number | undefined; location: string } | undefined;
  files: TnefFile[];
  /** False when the stream ends before everything about the email itself was read. */
  whole: boolean;
};

/** The remaining limits for a stream and all emails inside it. */
type Budget = { files: number; rtfBytes: number };

const maxFiles = 200;
const maxRtfBytes = 2_000_000;
const maxEmailDepth = 3;

const signature = 0x223e9f78;
/** Signature and key. */
const headerBytes = 6;

/** Attributes (section 2.1.3.2), by the lower half of their ids. */
const attributeIds = {
  subject: 0x8004,
  messageClass: 0x8008,
  body: 0x800c,
  attachmentData: 0x800f,
  attachmentTitle: 0x8010,
  attachmentStart: 0x9002,
  messageProperties: 0x9003,
  attachmentProperties: 0x9005,
  codePage: 0x9007,
};

type RawFile = { title: string; content: Uint8Array; properties: MapiProperties };

/** The attributes of a stream. */
type RawMessage = {
  codePage: number;
  subject: string;
  body: string;
  messageClass: string;
  properties: MapiProperties;
  files: RawFile[];
  isWhole: boolean;
};

/** Recognizes the signature (section 2.1.3.1). */
export function isTnef(bytes: Uint8Array): boolean {
  return bytes.length > headerBytes && createByteReader(bytes).uint32() === signature;
}

/**
 * Returns undefined when the bytes are not a TNEF stream, and what a truncated stream contains. Takes time in
 * proportion to the length, copies no content, and never throws.
 */
export function readTnef(bytes: Uint8Array): Tnef | undefined {
  return readEmail(bytes, 0, { files: maxFiles, rtfBytes: maxRtfBytes });
}

function readEmail(bytes: Uint8Array, depth: number, budget: Budget): Tnef | undefined {
  if (!isTnef(bytes) || depth > maxEmailDepth) return undefined;
  const message = readMessage(bytes, budget);
  const { properties } = message;
  return {
    messageClass: message.messageClass.replace(/^.*Microsoft Mail v3\.0 /, ""),
    subject: mapiText(properties, propertyIds.subject) || message.subject,
    ...toBody(message, budget),
    event: toEvent(properties),
    files: message.files.map((file) => toTnefFile(file, depth, budget)),
    whole: message.files.length > 0 || message.isWhole,
  };
}

/** Reads the attributes one after the other (section 2.1.3); those of attachments follow those of the message. */
function readMessage(bytes: Uint8Array, budget: Budget): RawMessage {
  const message: RawMessage = {
    codePage: 1252,
    subject: "",
    body: "",
    messageClass: "",
    properties: new Map(),
    files: [],
    isWhole: true,
  };
  const reader = createByteReader(bytes.subarray(headerBytes));
  while (!reader.isAtEnd()) {
    reader.range(1);
    const id = reader.uint32() & 0xffff;
    const data = reader.range(reader.uint32());
    reader.uint16();
    if (id === attributeIds.attachmentStart) {
      if (budget.files <= 0) break;
      budget.files -= 1;
      message.files.push({ title: "", content: new Uint8Array(), properties: new Map() });
    } else applyAttribute(message, id, data);
  }
  message.isWhole = !reader.isPastEnd();
  return message;
}

function applyAttribute(message: RawMessage, id: number, data: Uint8Array): void {
  const { codePage } = message;
  const file = message.files.at(-1);
  switch (id) {
    case attributeIds.codePage:
      message.codePage = createByteReader(data).uint32();
      break;
    case attributeIds.subject:
      message.subject = decodeCodePage(data, codePage);
      break;
    case attributeIds.messageClass:
      message.messageClass = decodeCodePage(data, codePage);
      break;
    case attributeIds.body:
      message.body = decodeCodePage(data, codePage);
      break;
    case attributeIds.messageProperties:
      message.properties = readMapiProperties(data, codePage);
      break;
    case attributeIds.attachmentTitle:
      if (file) file.title = decodeCodePage(data, codePage);
      break;
    case attributeIds.attachmentData:
      if (file) file.content = data;
      break;
    case attributeIds.attachmentProperties:
      if (file) file.properties = readMapiProperties(data, codePage);
      break;
  }
}

/** The body as text and HTML. An email with neither has it as compressed RTF. */
function toBody({ properties, codePage, body }: RawMessage, budget: Budget): Pick<Tnef, "text" | "html"> {
  const text = mapiText(properties, propertyIds.body) || body;
  const html = htmlOf(properties, codePage);
  if (html !== undefined || text !== "") return { text: text || undefined, html: html || undefined };
  const rtf = rtfOf(properties, budget);
  if (!rtf?.text) return { text: undefined, html: undefined };
  return rtf.isHtml ? { text: undefined, html: rtf.text } : { text: rtf.text, html: undefined };
}

function htmlOf(properties: MapiProperties, codePage: number): string | undefined {
  const html = properties.get(propertyIds.html);
  if (!html) return undefined;
  const ownCodePage = properties.get(propertyIds.codePage)?.bytes;
  const htmlCodePage = ownCodePage ? createByteReader(ownCodePage).uint32() : codePage;
  return html.text ?? decodeCodePage(html.bytes, htmlCodePage);
}

function rtfOf(properties: MapiProperties, budget: Budget): Rtf | undefined {
  const compressed = properties.get(propertyIds.compressedRtf)?.bytes;
  const rtf = compressed && decompressRtf(compressed, budget.rtfBytes);
  if (!rtf) return undefined;
  budget.rtfBytes -= rtf.length;
  return readRtf(rtf, { restoreHtml: true });
}

function toEvent(properties: MapiProperties): Tnef["event"] {
  const start = mapiTime(properties, propertyIds.appointmentStart);
  if (start === undefined) return undefined;
  return {
    start,
    end: mapiTime(properties, propertyIds.appointmentEnd),
    location: mapiText(properties, propertyIds.appointmentLocation),
  };
}

function toTnefFile({ title, content, properties }: RawFile, depth: number, budget: Budget): TnefFile {
  const data = properties.get(propertyIds.attachmentData)?.bytes;
  // An embedded object begins with the 16 bytes of its interface id.
  const email = data && readEmail(data.subarray(16), depth + 1, budget);
  const names = [
    mapiText(properties, propertyIds.attachmentLongName),
    mapiText(properties, propertyIds.attachmentName),
    title,
    mapiText(properties, propertyIds.attachmentTitle),
  ];
  return {
    name: names.find((name) => name !== "") ?? email?.subject ?? "",
    type: mapiText(properties, propertyIds.attachmentMimeType).toLowerCase() || undefined,
    content: content.length > 0 || !data ? content : data,
    email,
  };
}
