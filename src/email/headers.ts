/** Header fields as readable values: encoded words (RFC 2047), raw 8-bit text, addresses, dates. Never throws. */

import libmime from "libmime";
import { addressParser } from "postal-mime";
import type { Address } from "./address.ts";
import { decodeText, isUtf8 } from "./charset.ts";

export type Header = { name: string; value: string };

export const formatAddress = ({ name, address }: Address) => (name ? `${name} <${address}>` : address);

/**
 * Parses a header block into unfolded fields in order; names as written, values still encoded.
 *
 * @param charset of raw 8-bit bytes that are not UTF-8: usually that of the email's text
 */
export function parseHeaders(raw: Uint8Array, charset?: string): Header[] {
  const text = decodeText(raw, isUtf8(raw) ? undefined : charset);
  const [block = ""] = text.split(/\r?\n\r?\n/, 1);
  const headers: Header[] = [];
  for (const line of block.replace(/\r?\n[ \t]+/g, " ").split(/\r\n|\n|\r/)) {
    const match = /^([^\s:]+)[ \t]*:[ \t]*(.*)$/s.exec(line);
    if (match?.[1]) headers.push({ name: match[1], value: (match[2] ?? "").trim() });
  }
  return headers;
}

/** Returns the value of the first field with this name, still encoded. */
export function headerValue(headers: readonly Header[], name: string): string | undefined {
  return headers.find((header) => header.name.toLowerCase() === name.toLowerCase())?.value;
}

/**
 * Decodes encoded words (RFC 2047), also malformed ones: cut in the middle of a character, without a space between two,
 * or with spaces inside. Text that cannot be decoded stays as it is.
 */
export function decodeEncodedWords(value: string): string {
  // Raw spaces in encoded words are common, though forbidden; the library does not accept them.
  const mended = value
    .replace(
      /=\?([^?\s]+)\?q\?([^?]*)\?=/gi,
      (_, charset: string, text: string) => `=?${charset}?Q?${text.replace(/ /g, "_")}?=`,
    )
    .replace(/(\?=)(?==\?)/g, "$1 ");
  try {
    return libmime.decodeWords(mended);
  } catch {
    return value;
  }
}

/** Decodes an unstructured header value and collapses its white space. */
export function decodeHeaderText(value: string | undefined): string {
  return value === undefined ? "" : decodeEncodedWords(value).replace(/\s+/g, " ").trim();
}

/** Parses the mailboxes of an address header, groups flattened. An entry without an address keeps its text as the name. */
export function parseAddresses(value: string | undefined): Address[] {
  if (!value) return [];
  const parsed = addressParser(value.slice(0, 200_000), { flatten: true });
  return parsed.flatMap((entry): Address[] => {
    const name = decodeHeaderText(entry.name)
      .replace(/^["']+|["']+$/g, "")
      .trim();
    const address = (entry.address ?? "").trim();
    if (!name && !address) return [];
    return [name && name !== address ? { name, address } : { address }];
  });
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** RFC 5322 section 4.3; the military zones of one letter count as UTC. */
const zones: Record<string, string> = {
  edt: "-04:00",
  est: "-05:00",
  cdt: "-05:00",
  cst: "-06:00",
  mdt: "-06:00",
  mst: "-07:00",
  pdt: "-07:00",
  pst: "-08:00",
};
const pattern =
  /(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*\.?[\s-]+(\d{2,4})[\s,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\.\d+)?\s*([+-]\d{4}|[A-Za-z]+)?/;

/** Converts a Date header to ISO 8601 with the email's own offset; undefined when it is no real date. */
export function toIsoDate(value: string | undefined): string | undefined {
  // No date is longer, and matching comments takes quadratic time.
  if (!value || value.length > 300) return undefined;
  const match = pattern.exec(value.replace(/\([^)]*\)/g, " "));
  if (!match) {
    const other = Date.parse(value);
    return Number.isNaN(other) ? undefined : new Date(other).toISOString().replace(/\.\d+Z$/, "Z");
  }
  const [, day = "", monthName = "", yearText = "", hour = "", minute = "", second = "00", zone = "+0000"] =
    match;
  const month = months.indexOf(monthName.toLowerCase()) + 1;
  const number = Number(yearText);
  const year = yearText.length > 3 ? number : number < 50 ? 2000 + number : 1900 + number;
  const offset = /^[+-]/.test(zone)
    ? `${zone.slice(0, 3)}:${zone.slice(3)}`
    : (zones[zone.toLowerCase()] ?? "+00:00");
  const two = (part: string | number) => String(part).padStart(2, "0");
  const iso = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second === "60" ? "59" : second)}${offset}`;
  const valid =
    !Number.isNaN(Date.parse(iso)) && Number(day) <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  return valid ? iso : undefined;
}
