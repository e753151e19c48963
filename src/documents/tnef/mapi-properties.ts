/** MAPI properties in a TNEF stream (MS-OXTNEF section 2.1.3.4, MS-OXPROPS). */
import { type ByteReader, createByteReader } from "../byte-reader.ts";
import { decodeCodePage, decodeUtf16 } from "../code-page.ts";

/** `text` is undefined for properties of a type without text. */
type MapiProperty = { bytes: Uint8Array; text: string | undefined };

/** By property id; named properties of appointments by the id of their name. Of several values the first. */
export type MapiProperties = ReadonlyMap<number, MapiProperty>;

const maxProperties = 5_000;

export const propertyIds = {
  subject: 0x0037,
  body: 0x1000,
  compressedRtf: 0x1009,
  html: 0x1013,
  codePage: 0x3fde,
  attachmentTitle: 0x3001,
  attachmentData: 0x3701,
  attachmentName: 0x3704,
  attachmentLongName: 0x3707,
  attachmentMimeType: 0x370e,
  /** Named properties in the set PSETID_Appointment. */
  appointmentLocation: 0x8208,
  appointmentStart: 0x820d,
  appointmentEnd: 0x820e,
};

/** The first four bytes of the GUID of PSETID_Appointment. */
const appointmentSet = 0x00062002;

const typeString8 = 0x1e;
const typeUnicode = 0x1f;
const multipleValuesFlag = 0x1000;
const typeMask = 0xfff;
/** Object, string, Unicode string and binary: values with a length of their own. */
const variableTypes: ReadonlySet<number> = new Set([0x0d, typeString8, typeUnicode, 0x102]);

/** Padded sizes of the other types in bytes. */
const fixedSizes: ReadonlyMap<number, number> = new Map([
  [0x02, 4],
  [0x03, 4],
  [0x04, 4],
  [0x05, 8],
  [0x06, 8],
  [0x07, 8],
  [0x0a, 4],
  [0x0b, 4],
  [0x14, 8],
  [0x40, 8],
  [0x48, 16],
]);

/** Strings of 8 bits are in `codePage`. Ends early at an unknown type, whose length is unknown too. Never throws. */
export function readMapiProperties(bytes: Uint8Array, codePage: number): MapiProperties {
  const properties = new Map<number, MapiProperty>();
  const reader = createByteReader(bytes);
  const count = Math.min(reader.uint32(), maxProperties);
  for (let at = 0; at < count && !reader.isAtEnd(); at += 1) {
    const type = reader.uint16();
    const id = reader.uint16();
    const key = id < 0x8000 ? id : readAppointmentName(reader);
    const values = readValues(reader, type);
    if (!values) break;
    const [first] = values;
    if (first && key !== undefined)
      properties.set(key, { bytes: first, text: decodeText(first, type & typeMask, codePage) });
  }
  return properties;
}

function decodeText(bytes: Uint8Array, type: number, codePage: number): string | undefined {
  if (type === typeUnicode) return decodeUtf16(bytes);
  return type === typeString8 ? decodeCodePage(bytes, codePage) : undefined;
}

/** Reads the name of a named property; undefined unless it belongs to appointments. */
function readAppointmentName(reader: ByteReader): number | undefined {
  const set = createByteReader(reader.range(16)).uint32();
  const isNumber = reader.uint32() === 0;
  const value = reader.uint32();
  if (!isNumber) reader.range(padTo4(value));
  return isNumber && set === appointmentSet ? value : undefined;
}

const padTo4 = (length: number) => Math.ceil(length / 4) * 4;

/** Returns the first value if there is one; undefined for an unknown type. */
function readValues(reader: ByteReader, type: number): Uint8Array[] | undefined {
  const size = fixedSizes.get(type & typeMask);
  const isVariable = variableTypes.has(type & typeMask);
  if (size === undefined && !isVariable) return undefined;
  const count = isVariable || type & multipleValuesFlag ? reader.uint32() : 1;
  const values: Uint8Array[] = [];
  for (let at = 0; at < count && !reader.isAtEnd(); at += 1) {
    const length = size ?? reader.uint32();
    const value = reader.range(padTo4(length)).subarray(0, length);
    if (at === 0) values.push(value);
  }
  return values;
}

/** Empty when the property is absent or has no text. */
export const mapiText = (properties: MapiProperties, id: number) => properties.get(id)?.text ?? "";

/** Reads a FILETIME, 100 ns units since 1601, as milliseconds since 1970; undefined outside the years 1970 to 2096. */
export function mapiTime(properties: MapiProperties, id: number): number | undefined {
  const bytes = properties.get(id)?.bytes;
  if (bytes?.length !== 8) return undefined;
  const reader = createByteReader(bytes);
  const low = reader.uint32();
  const time = (reader.uint32() * 2 ** 32 + low) / 10_000 - 11_644_473_600_000;
  return time > 0 && time < 4e12 ? Math.round(time) : undefined;
}
