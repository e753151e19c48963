/**
 * winmail.dat, the format in which Outlook sends what it thinks only Outlook reads (MS-OXTNEF): the email's own text,
 * the event it is about, and the files in it. Own code, because what there is on npm patches String or takes the square
 * of the length. Takes time in proportion to the length, copies nothing, and never throws; of a stream that is cut it
 * gives what is there.
 */

import { createCursor } from "../byte-reader.ts";
import { decodePage, decodeWide } from "../code-page.ts";
import { readPackedRtf } from "../rtf/compressed-rtf.ts";

export type TnefFile = {
  name: string;
  /** The MIME type, where one is given. */
  type?: string;
  content: Uint8Array;
  /** An email as a file. */
  email?: Tnef;
};

export type Tnef = {
  /** IPM.Note, IPM.Schedule.Meeting.Request … (MS-OXCMSG section 2.2.1.3). */
  messageClass: string;
  subject: string;
  text?: string;
  html?: string;
  /** Times in milliseconds since 1970. */
  event?: { start?: number; end?: number; place: string };
  files: TnefFile[];
  /** All that is about the email itself was there. */
  whole: boolean;
};

/** For a stream with all emails inside it together. */
const limits = { files: 200, rtfBytes: 2_000_000 };
const maxProperties = 5_000;
const maxDepth = 3;

/** Attributes (MS-OXTNEF section 2.1.3.2), by the lower half of their id. */
const attribute = {
  subject: 0x8004,
  messageClass: 0x8008,
  body: 0x800c,
  fileData: 0x800f,
  fileTitle: 0x8010,
  fileBegins: 0x9002,
  properties: 0x9003,
  fileProperties: 0x9005,
  codePage: 0x9007,
};

/** MAPI properties (MS-OXPROPS). */
const property = {
  subject: 0x0037,
  body: 0x1000,
  rtf: 0x1009,
  html: 0x1013,
  htmlCodePage: 0x3fde,
  fileData: 0x3701,
  fileName: 0x3704,
  longFileName: 0x3707,
  fileType: 0x370e,
  fileTitle: 0x3001,
};
/** PSETID_Appointment and its named properties. */
const appointments = 0x00062002;
const appointment = { place: 0x8208, start: 0x820d, end: 0x820e };

/** MS-OXTNEF section 2.1.3.1: every TNEF stream begins so. */
export function isTnef(bytes: Uint8Array): boolean {
  return bytes.length > 6 && createCursor(bytes).long() === 0x223e9f78;
}

type File = { title: string; content: Uint8Array; properties: Properties };

/** Undefined when it is no TNEF. */
export function readTnef(bytes: Uint8Array): Tnef | undefined {
  return readStream(bytes, 0, { ...limits });
}

function readStream(bytes: Uint8Array, depth: number, left: typeof limits): Tnef | undefined {
  if (!isTnef(bytes) || depth > maxDepth) return undefined;
  const cursor = createCursor(bytes.subarray(6));
  let codePage = 1252;
  let subject = "";
  let body = "";
  let messageClass = "";
  let own: Properties = new Map();
  const files: File[] = [];
  while (!cursor.ended()) {
    cursor.take(1);
    const id = cursor.long() & 0xffff;
    const length = cursor.long();
    const data = cursor.take(length);
    cursor.short();
    const file = files.at(-1);
    if (id === attribute.codePage) codePage = createCursor(data).long();
    else if (id === attribute.subject) subject = decodePage(data, codePage);
    else if (id === attribute.messageClass) messageClass = decodePage(data, codePage);
    else if (id === attribute.body) body = decodePage(data, codePage);
    else if (id === attribute.properties) own = readProperties(data, codePage);
    else if (id === attribute.fileBegins) {
      left.files -= 1;
      if (left.files < 0) break;
      files.push({ title: "", content: new Uint8Array(), properties: new Map() });
    } else if (file && id === attribute.fileTitle) file.title = decodePage(data, codePage);
    else if (file && id === attribute.fileData) file.content = data;
    else if (file && id === attribute.fileProperties) file.properties = readProperties(data, codePage);
  }
  const text = textOf(own, property.body) || body;
  const html = htmlOf(own, codePage);
  const rtf =
    html === undefined && text === "" ? readPackedRtf(own.get(property.rtf)?.bytes, left) : undefined;
  const event = eventOf(own);
  return {
    messageClass: messageClass.replace(/^.*Microsoft Mail v3\.0 /, ""),
    subject: textOf(own, property.subject) || subject,
    ...(text || (rtf?.text && !rtf.isHtml) ? { text: text || rtf?.text || "" } : {}),
    ...(html || (rtf?.text && rtf.isHtml) ? { html: html || rtf?.text || "" } : {}),
    ...(event ? { event } : {}),
    files: files.map((file) => toFile(file, depth, left)),
    whole: files.length > 0 || !cursor.overrun(),
  };
}

function toFile({ title, content, properties }: File, depth: number, left: typeof limits): TnefFile {
  const data = properties.get(property.fileData)?.bytes;
  // An object begins with the id of its interface.
  const email = data && readStream(data.subarray(16), depth + 1, left);
  const named = [property.longFileName, property.fileName, property.fileTitle].map((id) =>
    textOf(properties, id),
  );
  const name = [...named.slice(0, 2), title, ...named.slice(2)].find((candidate) => candidate !== "");
  const type = textOf(properties, property.fileType).toLowerCase();
  return {
    name: name ?? (email ? email.subject : ""),
    ...(type ? { type } : {}),
    content: content.length > 0 || !data ? content : data,
    ...(email ? { email } : {}),
  };
}

type Property = { bytes: Uint8Array; text?: string };
/** By id; named ones of appointments by their own ids. Of several values the first. */
type Properties = Map<number, Property>;

/** MS-OXTNEF section 2.1.3.4. Ends where a type is not known, since its length is not. */
function readProperties(bytes: Uint8Array, codePage: number): Properties {
  const properties: Properties = new Map();
  const cursor = createCursor(bytes);
  const count = Math.min(cursor.long(), maxProperties);
  for (let at = 0; at < count && !cursor.ended(); at += 1) {
    const type = cursor.short();
    const id = cursor.short();
    const key = id < 0x8000 ? id : readName(cursor);
    const values = readValues(cursor, type);
    if (!values) break;
    const [first] = values;
    if (!first || key === undefined) continue;
    const kind = type & 0xfff;
    const text = kind === 0x1f ? decodeWide(first) : kind === 0x1e ? decodePage(first, codePage) : undefined;
    properties.set(key, { bytes: first, ...(text === undefined ? {} : { text }) });
  }
  return properties;
}

type Cursor = ReturnType<typeof createCursor>;

/** The id of a named property of appointments; undefined for any other. */
function readName(cursor: Cursor): number | undefined {
  const set = createCursor(cursor.take(16)).long();
  const isNumber = cursor.long() === 0;
  const value = cursor.long();
  if (!isNumber) cursor.take(padded(value));
  return isNumber && set === appointments ? value : undefined;
}

const sizes: Readonly<Record<number, number>> = {
  2: 4,
  3: 4,
  4: 4,
  5: 8,
  6: 8,
  7: 8,
  10: 4,
  11: 4,
  20: 8,
  64: 8,
  72: 16,
};
const padded = (length: number) => Math.ceil(length / 4) * 4;

/** Undefined for a type that is not known. */
function readValues(cursor: Cursor, type: number): Uint8Array[] | undefined {
  const kind = type & 0xfff;
  const size = sizes[kind];
  const varies = [0x0d, 0x1e, 0x1f, 0x102].includes(kind);
  if (size === undefined && !varies) return undefined;
  const count = varies || type & 0x1000 ? cursor.long() : 1;
  const values: Uint8Array[] = [];
  for (let at = 0; at < count && !cursor.ended(); at += 1) {
    const length = size ?? cursor.long();
    const value = cursor.take(padded(length)).subarray(0, length);
    if (at === 0) values.push(value);
  }
  return values;
}

const textOf = (properties: Properties, id: number) => properties.get(id)?.text ?? "";

function htmlOf(properties: Properties, codePage: number): string | undefined {
  const html = properties.get(property.html);
  if (!html) return undefined;
  const page = properties.get(property.htmlCodePage)?.bytes;
  return html.text ?? decodePage(html.bytes, page ? createCursor(page).long() : codePage);
}

function eventOf(properties: Properties): Tnef["event"] {
  const start = timeOf(properties.get(appointment.start));
  const end = timeOf(properties.get(appointment.end));
  const place = textOf(properties, appointment.place);
  if (start === undefined) return undefined;
  return { start, ...(end === undefined ? {} : { end }), place };
}

/** Hundreds of nanoseconds since 1601; undefined for what no calendar has. */
function timeOf(found: Property | undefined): number | undefined {
  if (found?.bytes.length !== 8) return undefined;
  const cursor = createCursor(found.bytes);
  const low = cursor.long();
  const time = (cursor.long() * 2 ** 32 + low) / 10_000 - 11_644_473_600_000;
  return time > 0 && time < 4e12 ? Math.round(time) : undefined;
}
