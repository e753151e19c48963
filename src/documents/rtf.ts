/**
 * Outlook's rich text: unpacked (MS-OXRTFCP), and either the HTML it was made from (MS-OXRTFEX) or its bare text.
 * Bounded, and never throws.
 */
import { decodePage } from "./code-page.ts";
import { createCursor } from "./cursor.ts";

const maxGroups = 1_000;

/** What the dictionary of the packer holds at first (MS-OXRTFCP section 2.1.2.1). */
const firstWords =
  "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/** At most `maxBytes` of it. Undefined when it is not packed as Outlook packs. */
function unpackRtf(packed: Uint8Array, maxBytes: number): Uint8Array | undefined {
  const head = createCursor(packed);
  head.take(4);
  const size = Math.min(head.long(), maxBytes);
  const kind = head.long();
  if (kind === 0x414c454d) return packed.subarray(16, 16 + size);
  if (kind !== 0x75465a4c) return undefined;
  const dictionary = new Uint8Array(4096);
  dictionary.set(Buffer.from(firstWords, "latin1"));
  const out = new Uint8Array(size);
  let to = firstWords.length;
  let written = 0;
  const put = (byte: number) => {
    dictionary[to] = byte;
    to = (to + 1) % 4096;
    if (written < size) out[written] = byte;
    written += 1;
  };
  let at = 16;
  while (at < packed.length && written < size) {
    const control = packed[at++] ?? 0;
    for (let bit = 0; bit < 8 && at < packed.length; bit += 1) {
      if ((control & (1 << bit)) === 0) {
        put(packed[at++] ?? 0);
        continue;
      }
      const token = ((packed[at] ?? 0) << 8) | (packed[at + 1] ?? 0);
      at += 2;
      const from = token >> 4;
      if (from === to) return out.subarray(0, Math.min(written, size));
      for (let step = 0; step < (token & 15) + 2; step += 1) put(dictionary[(from + step) % 4096] ?? 0);
    }
  }
  return out.subarray(0, Math.min(written, size));
}

/** Destinations whose words are about the text and not of it. */
const silent = new Set(
  "fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf listtable listoverridetable mhtmltag themedata generator xmlnstbl datastore latentstyles fldinst".split(
    " ",
  ),
);
const spoken: Readonly<Record<string, string>> = {
  par: "\n",
  line: "\n",
  sect: "\n",
  page: "\n",
  row: "\n",
  cell: " | ",
  tab: "\t",
  lquote: "‘",
  rquote: "’",
  ldblquote: "“",
  rdblquote: "”",
  bullet: "•",
  endash: "–",
  emdash: "—",
  "~": "\u00a0",
  _: "\u2011",
};
const token = /\\([a-z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-f]{2})|\\([^a-z'])|([{}])|([^\\{}\r\n]+)/gi;

/** `skip`: how many letters for old readers follow one in Unicode. `inRtf`: what HTML has no use for. */
type Group = { silent: boolean; skip: number; inRtf: boolean };

/** The HTML when the text was HTML before it became RTF, else its words. Takes what it unpacks from `left`. */
export function readRtf(
  packed: Uint8Array | undefined,
  left: { rtfBytes: number },
): { html?: string; text?: string } | undefined {
  const bytes = packed && unpackRtf(packed, left.rtfBytes);
  if (!bytes) return undefined;
  left.rtfBytes -= bytes.length;
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const isHtml = /\\fromhtml1\b/.test(source.slice(0, 2_000));
  const page = Number(/\\ansicpg(\d{3,5})/.exec(source.slice(0, 2_000))?.[1] ?? 1252);
  const pieces: string[] = [];
  const groups: Group[] = [];
  let group: Group = { silent: false, skip: 1, inRtf: false };
  let octets: number[] = [];
  let skipping = 0;

  const isHeard = () => !group.silent && !(isHtml && group.inRtf);
  function flush(): void {
    if (octets.length > 0 && isHeard()) pieces.push(decodePage(new Uint8Array(octets), page));
    octets = [];
  }
  function say(text: string): void {
    flush();
    if (isHeard()) pieces.push(text);
  }
  function control(word: string, value: number | undefined): void {
    if (word === "u") {
      say(String.fromCharCode((value ?? 0) & 0xffff));
      skipping = group.skip;
    } else if (word === "uc") group.skip = Math.min(value ?? 1, 8);
    else if (word === "htmlrtf") {
      flush();
      group.inRtf = value !== 0;
    } else if (silent.has(word)) group.silent = true;
    else if (spoken[word] !== undefined && !(isHtml && word === "cell")) say(spoken[word] ?? "");
  }

  let star = false;
  for (const [, word, value, octet, sign, bracket, text] of source.matchAll(token)) {
    if (star) {
      star = false;
      // A destination that may be left out, unless it is one that holds HTML.
      if (word && word !== "htmltag") group.silent = true;
    }
    if (octet) {
      if (skipping > 0) skipping -= 1;
      else octets.push(Number.parseInt(octet, 16));
    } else if (bracket === "{") {
      flush();
      if (groups.length >= maxGroups) break;
      groups.push(group);
      group = { ...group };
    } else if (bracket === "}") {
      flush();
      group = groups.pop() ?? group;
    } else if (text) {
      const left = text.slice(skipping);
      skipping = Math.max(0, skipping - text.length);
      say(left);
    } else if (sign === "*") star = true;
    else if (sign)
      say(sign === "\r" || sign === "\n" ? "\n" : (spoken[sign] ?? (/[\\{}]/.test(sign) ? sign : "")));
    else if (word) control(word, value === undefined ? undefined : Number(value));
  }
  flush();
  const found = pieces.join("").replaceAll("\0", "").toWellFormed().trim();
  return isHtml ? { html: found } : { text: found.replace(/[ \t]+\n/g, "\n").replace(/\n{4,}/g, "\n\n\n") };
}
