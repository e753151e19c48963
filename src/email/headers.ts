/** Header fields as readable values: raw 8-bit text, encoded words, addresses, dates. Never throws. */

import { addressParser } from "postal-mime";
import type { Address } from "./address.ts";
import { decodeText, isUtf8 } from "./charset.ts";
import type { CharsetHints } from "./charset-guess.ts";
import { charsetsOfWords, decodeEncodedWords, encodedWord } from "./encoded-words.ts";
import { trimCharacters } from "./trim.ts";

export type Header = { name: string; value: string };

export const formatAddress = ({ name, address }: Address) => (name ? `${name} <${address}>` : address);

/** Octets of a header block that are read: honest ones have some 10 KB. */
const maxHeaderOctets = 262_144;

/**
 * Parses a header block into unfolded fields in order; names as written, values still encoded. Raw 8-bit text is UTF-8,
 * else in `charset`, else guessed from all such fields together: a subject alone is too short for a good guess.
 *
 * @param charset usually that of the email's text
 */
export function parseHeaders(raw: Uint8Array, charset?: string): Header[] {
  const length = Math.min(raw.byteLength, maxHeaderOctets);
  const source = Buffer.from(raw.buffer, raw.byteOffset, length).toString("latin1");
  const block = source.slice(0, /\r?\n\r?\n/.exec(source)?.index);
  const headers: Header[] = [];
  for (const line of block.replace(/\r?\n[ \t]+/g, " ").split(/\r\n|\n|\r/)) {
    const match = /^([^\s:]+)[ \t]*:/.exec(line);
    if (match?.[1]) headers.push({ name: match[1], value: line.slice(match[0].length).trim() });
  }
  return decodeRaw(headers, charset);
}

const isAscii = (text: string) => !/[^\0-\x7f]/.test(text);

/** The escape sequences of ISO-2022 (RFC 1468, RFC 1557), which are ASCII. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences begin with a control character
const hasEscapes = (text: string) => /\x1b[$(]/.test(text);

/** Decodes the raw 8-bit text of fields whose values are given byte by byte. */
function decodeRaw(headers: readonly Header[], charset: string | undefined): Header[] {
  const isDoubtful = ({ value }: Header) => !isAscii(value) && !isUtf8(Buffer.from(value, "latin1"));
  const doubtful = headers.filter(isDoubtful).map(({ value }) => value);
  const hints = charsetHintsOf(headers);
  const joined = decodeText(Buffer.from(doubtful.join("\n"), "latin1"), charset, hints).split("\n");
  const decoded = joined.length === doubtful.length ? joined : undefined;
  let next = 0;
  return headers.map((header) => {
    if (isAscii(header.value) && !hasEscapes(header.value)) return header;
    const bytes = Buffer.from(header.value, "latin1");
    if (!isDoubtful(header)) return { ...header, value: decodeText(bytes) };
    const value = decoded?.[next] ?? decodeText(bytes, charset, hints);
    next += 1;
    return { ...header, value };
  });
}

/** Hints on the charset of an email's text: its language, the charsets of its encoded words, and the sender's domain. */
export function charsetHintsOf(headers: readonly Header[]): CharsetHints {
  const values = ["subject", "from", "to"].map((name) => headerValue(headers, name) ?? "");
  const from = values[1] ?? "";
  const [domain = ""] = /^[\w.-]+/.exec(from.slice(from.lastIndexOf("@") + 1)) ?? [];
  return {
    charsets: values.flatMap(charsetsOfWords),
    languages: (headerValue(headers, "content-language") ?? "").split(",").filter((tag) => tag.trim() !== ""),
    topLevelDomain: domain.split(".").at(-1),
  };
}

/** Returns the value of the first field with this name, still encoded. */
export function headerValue(headers: readonly Header[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return headers.find((header) => header.name.length === name.length && header.name.toLowerCase() === wanted)
    ?.value;
}

/** Characters of an unstructured value that are decoded: 20,000 encoded words would take 40 ms each time. */
const maxValueCharacters = 16_384;

/** Decodes an unstructured header value and collapses its white space. */
export function decodeHeaderText(value: string | undefined): string {
  return value === undefined
    ? ""
    : decodeEncodedWords(value.slice(0, maxValueCharacters)).replace(/\s+/g, " ").trim();
}

/**
 * Parses the mailboxes of an address header, groups flattened. A name without an address belongs to the address behind
 * it, as in `Lee, Ann <ann@example.org>`, whose comma should be quoted; without one it is an entry of its own.
 */
export function parseAddresses(value: string | undefined): Address[] {
  if (!value) return [];
  // The parser decodes encoded words before this room's decoder could, and knows fewer charsets.
  const words: string[] = [];
  const protectedValue = value
    .slice(0, endOfParsed(value))
    .replace(/[\uE000\uE001]/g, "")
    .replace(encodedWord, (word) => {
      words.push(word);
      return `\uE000${words.length - 1}\uE001`;
    });
  const restore = (text: string) =>
    text.replace(/\uE000(\d+)\uE001/g, (_, at: string) => words[Number(at)] ?? "");
  const addresses: Address[] = [];
  let names: string[] = [];
  for (const entry of addressParser(protectedValue, { flatten: true })) {
    const name = trimCharacters(decodeHeaderText(restore(entry.name)), `"'`).trim();
    const address = restore(entry.address ?? "").trim();
    if (address === "" && name !== "") names.push(name);
    if (address === "") continue;
    const whole = [...names, ...(name === "" ? [] : [name])].join(", ");
    addresses.push(whole !== "" && whole !== address ? { name: whole, address } : { address });
    names = [];
  }
  return [...addresses, ...names.map((name) => ({ name, address: "" }))];
}

/**
 * Limits of what is parsed of one address header. An address costs up to 10 µs, a group, of which the parser makes one
 * for each colon, up to 20 µs, and an answer needs several such headers.
 */
const maxAddressCharacters = 32_768;
export const maxParsedAddresses = 250;
const maxColons = 250;

/** Where the part of an address header ends that is parsed. */
function endOfParsed(value: string): number {
  const limits = [endOfNth(value, ",", maxParsedAddresses), endOfNth(value, ":", maxColons)];
  return Math.min(maxAddressCharacters, ...limits);
}

/** The position of the occurrence of `character` after the first `count`; Infinity where there are fewer. */
function endOfNth(value: string, character: string, count: number): number {
  let end = -1;
  for (let seen = 0; seen <= count; seen += 1) {
    end = value.indexOf(character, end + 1);
    if (end < 0) return Number.POSITIVE_INFINITY;
  }
  return end;
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

/** Replaces comments by spaces (RFC 5322 section 3.2.2); an unclosed one is no comment. */
function withoutComments(value: string): string {
  let text = "";
  let start = 0;
  for (let open = value.indexOf("("); open >= 0; open = value.indexOf("(", start)) {
    const close = value.indexOf(")", open);
    if (close < 0) break;
    text += `${value.slice(start, open)} `;
    start = close + 1;
  }
  return text + value.slice(start);
}

/** Converts a Date header to ISO 8601 with the email's own offset; undefined when it is no real date. */
export function toIsoDate(value: string | undefined): string | undefined {
  // No date is longer.
  if (!value || value.length > 300) return undefined;
  const match = pattern.exec(withoutComments(value));
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
