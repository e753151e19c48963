/** Builders of saved Outlook emails (.msg) and of binary presentations (.ppt). */
import { compoundFile } from "./workbooks.ts";

/** MAPI property tags (MS-OXPROPS): id, then type. */
const tag = (id: number, type: number) =>
  `${id.toString(16).padStart(4, "0")}${type.toString(16).padStart(4, "0")}`.toUpperCase();

type Value = string | number | Date | Uint8Array | { ansi: Uint8Array };

/** The streams of one property storage. `headerBytes`: 32 for the message, 24 inside an attachment, else 8. */
function properties(path: string, headerBytes: number, values: Readonly<Record<number, Value>>) {
  const streams: Record<string, Uint8Array> = {};
  const entries = [Buffer.alloc(headerBytes)];
  for (const [key, value] of Object.entries(values)) {
    const id = Number(key);
    const entry = Buffer.alloc(16);
    const write = (type: number) => entry.writeUInt32LE(((id << 16) | type) >>> 0, 0);
    if (typeof value === "number") {
      write(0x03);
      entry.writeUInt32LE(value, 8);
    } else if (value instanceof Date) {
      write(0x40);
      entry.writeBigUInt64LE((BigInt(value.getTime()) + 11_644_473_600_000n) * 10_000n, 8);
    } else {
      const isText = typeof value === "string";
      const type = isText ? 0x1f : "ansi" in value ? 0x1e : 0x102;
      const bytes = isText ? Buffer.from(value, "utf16le") : "ansi" in value ? value.ansi : value;
      write(type);
      entry.writeUInt32LE(bytes.length + (isText ? 2 : 0), 8);
      streams[`${path}__substg1.0_${tag(id, type)}`] = bytes;
    }
    entries.push(entry);
  }
  return { ...streams, [`${path}__properties_version1.0`]: Buffer.concat(entries) };
}

type Person = { name: string; address: string; type: 1 | 2 | 3 };

/** A saved email with these properties of the message, recipients and attachments. */
export function outlookMessage(
  message: Readonly<Record<number, Value>>,
  {
    recipients = [],
    files = [],
  }: {
    recipients?: readonly Person[];
    files?: readonly { name: string; type: string; bytes: Uint8Array }[];
  } = {},
): Buffer {
  const people = recipients.map(({ name, address, type }, at) =>
    properties(`__recip_version1.0_#0000000${at}/`, 8, { 12289: name, 14846: address, 3093: type }),
  );
  const attached = files.map(({ name, type, bytes }, at) =>
    properties(`__attach_version1.0_#0000000${at}/`, 8, { 14087: name, 14094: type, 14081: bytes, 14085: 1 }),
  );
  return compoundFile(Object.assign({}, properties("", 32, message), ...people, ...attached));
}

/** A record of a presentation (MS-PPT section 2.3.1); children make it a container. */
export function pptRecord(type: number, content: Uint8Array | readonly Uint8Array[], instance = 0): Buffer {
  const isContainer = Array.isArray(content);
  const body = Buffer.concat(isContainer ? content : [content as Uint8Array]);
  const head = Buffer.alloc(8);
  head.writeUInt16LE((instance << 4) | (isContainer ? 0xf : 0), 0);
  head.writeUInt16LE(type, 2);
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}

const numbers = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, at * 4);
  return bytes;
};

export const pptText = (text: string) => pptRecord(0x0fa0, Buffer.from(text, "utf16le"));
export const pptBytes = (text: string) => pptRecord(0x0fa8, Buffer.from(text, "latin1"));
export const pptOutlineReference = (index: number) => pptRecord(0x0f9e, numbers(index));
export const pptNotesOf = (slideId: number) => pptRecord(0x03f1, numbers(slideId, 0));

type Slide = { id: number; records: readonly Uint8Array[]; outline?: readonly Uint8Array[] };

/** A presentation with these slides and notes pages. `replaced`: a first version of slide 1, before it was edited. */
export function presentation(
  slides: readonly Slide[],
  notes: readonly Slide[] = [],
  replaced?: Slide,
): Buffer {
  const pieces: Buffer[] = [];
  let length = 0;
  const add = (piece: Buffer) => {
    pieces.push(piece);
    length += piece.length;
    return length - piece.length;
  };
  const list = (instance: number, pages: readonly Slide[], firstId: number) =>
    pptRecord(
      0x0ff0,
      pages.flatMap(({ id, outline = [] }, at) => [
        pptRecord(0x03f3, numbers(firstId + at, 0, 0, id, 0)),
        ...outline,
      ]),
      instance,
    );
  const pages = [...slides, ...notes];
  let lastEdit = 0;
  const save = (offsets: readonly number[], firstId: number) => {
    const directory = add(pptRecord(0x1772, numbers((offsets.length << 20) | firstId, ...offsets)));
    lastEdit = add(pptRecord(0x0ff5, numbers(0, 0, lastEdit, directory, 1, 99, 0)));
  };
  if (replaced) save([add(pptRecord(0x03ee, replaced.records))], 2);
  const document = add(pptRecord(0x03e8, [list(0, slides, 2), list(2, notes, 2 + slides.length)]));
  save(
    [
      document,
      ...pages.map(({ records }, at) => add(pptRecord(at < slides.length ? 0x03ee : 0x03f0, records))),
    ],
    1,
  );
  return compoundFile({
    "PowerPoint Document": Buffer.concat(pieces),
    "Current User": pptRecord(0x0ff6, numbers(20, 0xe391c05f, lastEdit, 0, 0)),
  });
}
