/** Rich text: its words, with what hangs on them marked; or the HTML it was made from. Bounded, and never throws. */
import { decodePage } from "../code-page.ts";
import { linkEnd } from "../inline-marks.ts";
import { fontPages, framed, known, signCharset, silent, spoken } from "./control-words.ts";

const maxGroups = 1_000;
const maxInstruction = 2_000;
const token = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z'])|([{}])|([^\\{}\r\n]+)/gi;

export type Rtf = {
  text: string;
  /** The text is HTML. */
  isHtml: boolean;
  /** Letters that the text hides, and that were left out. */
  hiddenCharacters: number;
};

/**
 * `skip`: how many letters for old readers follow one in Unicode. `inRtf`: what HTML has no use for. `says`: whose
 * words are what a field is to do. `ending`: comes when the group is over.
 */
type Group = {
  silent: boolean;
  hidden: boolean;
  skip: number;
  inRtf: boolean;
  font: number;
  inTable: boolean;
  in: "text" | "fonts" | "instruction";
  ending: string;
};

const first: Group = {
  silent: false,
  hidden: false,
  skip: 1,
  inRtf: false,
  font: -1,
  inTable: false,
  in: "text",
  ending: "",
};

/** `mayBeHtml`: what was HTML before (MS-OXRTFEX) is to be HTML again. */
export function readRtf(bytes: Uint8Array, { mayBeHtml = false } = {}): Rtf {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const head = source.slice(0, 2_000);
  const isHtml = mayBeHtml && /\\fromhtml1\b/.test(head);
  const ownPage = Number(/\\ansicpg(\d{3,5})/.exec(head)?.[1] ?? 1252);
  const charsets = new Map<number, number>();
  const pieces: string[] = [];
  const groups: Group[] = [];
  let group: Group = { ...first };
  let octets: number[] = [];
  let skipping = 0;
  let instruction = "";
  let hiddenCharacters = 0;

  const isHeard = () => !group.silent && group.in === "text" && !(isHtml && group.inRtf);
  function put(text: string): void {
    if (!isHeard()) return;
    if (group.hidden) hiddenCharacters += text.length;
    else pieces.push(text);
  }
  function flush(): void {
    if (octets.length === 0) return;
    const charset = charsets.get(group.font) ?? 0;
    const text = decodePage(new Uint8Array(octets), fontPages[charset] ?? ownPage);
    octets = [];
    put(charset === signCharset ? text.replace(/[^\s-]/g, "•") : text);
  }
  function say(text: string): void {
    flush();
    if (group.in === "instruction" && instruction.length < maxInstruction) instruction += text;
    put(text);
  }
  function endGroup(): void {
    flush();
    if (group.ending.startsWith("]")) pieces.push((pieces.pop() ?? "").trimEnd());
    put(group.ending);
    group = groups.pop() ?? group;
    skipping = 0;
  }
  function frame([before, after]: readonly [string, string]): void {
    say(before);
    group.ending = isHeard() ? after : "";
  }
  function control(word: string, value: number | undefined): void {
    if (word === "u") {
      say(String.fromCharCode((value ?? 0) & 0xffff));
      skipping = group.skip;
      return;
    }
    flush();
    if (word === "uc") group.skip = Math.min(value ?? 1, 8);
    else if (word === "htmlrtf") group.inRtf = value !== 0;
    else if (word === "fonttbl") group.in = "fonts";
    else if (word === "f" || word === "deff") group.font = value ?? 0;
    else if (word === "fcharset" && group.in === "fonts") charsets.set(group.font, value ?? 0);
    else if (word === "v") group.hidden = value !== 0;
    else if (word === "plain") group.hidden = false;
    else if (word === "intbl" || word === "pard") group.inTable = word === "intbl";
    else if (word === "par" && group.inTable && !isHtml) say(" / ");
    else if (word === "field") instruction = "";
    else if (word === "fldinst") group.in = "instruction";
    else if (word === "fldrslt") {
      const target = /HYPERLINK\s+"([^"]+)"/.exec(instruction)?.[1];
      if (target) frame(["[", linkEnd(target)]);
    } else if (silent.has(word)) group.silent = true;
    else if (framed[word] && !isHtml && value !== 0) frame(framed[word]);
    else if (spoken[word] !== undefined && !(isHtml && word === "cell")) say(spoken[word] ?? "");
  }

  let star = false;
  for (const [, word, value, octet, sign, bracket, text] of source.matchAll(token)) {
    if (star) {
      star = false;
      if (word && (!known.has(word) || (word === "htmltag" && !isHtml))) group.silent = true;
    }
    if (octet) {
      if (skipping > 0) skipping -= 1;
      else octets.push(Number.parseInt(octet, 16));
    } else if (bracket === "{") {
      flush();
      if (groups.length >= maxGroups) break;
      groups.push(group);
      group = { ...group, ending: "" };
      skipping = 0;
    } else if (bracket === "}") endGroup();
    else if (text) {
      const left = text.slice(skipping);
      skipping = Math.max(0, skipping - text.length);
      say(left);
    } else if (sign === "*") star = true;
    else if (sign)
      say(sign === "\r" || sign === "\n" ? "\n" : (spoken[sign] ?? (/[\\{}]/.test(sign) ? sign : "")));
    else if (word) control(word, value === undefined ? undefined : Number(value));
  }
  flush();
  const found = pieces.join("").replaceAll("\0", "").toWellFormed();
  return { text: isHtml ? found.trim() : toParagraphs(found), isHtml, hiddenCharacters };
}

/** Frames around nothing go, and so does the space that tables and empty paragraphs leave. */
function toParagraphs(text: string): string {
  return text
    .replace(/ ?\[(note|comment|deleted|inserted|header|footer): \s*\]/g, "")
    .split("\n")
    .map((line) => line.replace(/ \| *$/, "").trimEnd())
    .join("\n")
    .replace(/\n{4,}/g, "\n\n\n")
    .trim();
}
