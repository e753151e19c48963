/**
 * RTF (Rich Text Format Specification 1.9.1): the text with its links, notes, comments and changes, or the HTML that
 * the file was made from (MS-OXRTFEX).
 */
import { toLinkEnd } from "../inline-marks.ts";
import { characters, groupMarks, readIgnorableDestinations, skippedDestinations } from "./control-words.ts";
import {
  beginGroup,
  createRtfState,
  endGroup,
  flushBytes,
  markGroup,
  type RtfState,
  writeText,
} from "./state.ts";
import { type RtfToken, readRtfTokens } from "./tokens.ts";

const maxGroups = 1_000;
/** The declarations at the start of a file are looked for this far. */
const maxHeaderCharacters = 2_000;

export type Rtf = {
  text: string;
  /** The text is HTML. */
  isHtml: boolean;
  /** Length of the hidden text that was left out. */
  hiddenCharacters: number;
};

/**
 * With `restoreHtml`, a file that was made from HTML gives that HTML. Takes time in proportion to the length, reads no
 * further than 1,000 nested groups, and never throws.
 */
export function readRtf(bytes: Uint8Array, { restoreHtml = false } = {}): Rtf {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const header = source.slice(0, maxHeaderCharacters);
  const isHtml = restoreHtml && /\\fromhtml1\b/.test(header);
  const codePage = Number(/\\ansicpg(\d{3,5})/.exec(header)?.[1] ?? 1252);
  const state = createRtfState(isHtml, codePage);
  for (const token of readRtfTokens(source)) {
    if (token.kind === "groupStart" && state.outerGroups.length >= maxGroups) break;
    applyToken(state, token);
  }
  flushBytes(state);
  const text = state.pieces.join("").replaceAll("\0", "").toWellFormed();
  return {
    text: isHtml ? text.trim() : trimParagraphs(text),
    isHtml,
    hiddenCharacters: state.hiddenCharacters,
  };
}

function applyToken(state: RtfState, token: RtfToken): void {
  switch (token.kind) {
    case "groupStart":
      beginGroup(state);
      break;
    case "groupEnd":
      endGroup(state);
      break;
    case "controlWord":
      if (token.isIgnorable && !isRead(token.word, state)) state.group.isSkipped = true;
      applyControlWord(state, token.word, token.value);
      break;
    case "controlSymbol":
      writeText(state, characters.get(token.symbol) ?? "");
      break;
    case "byte":
      if (state.skipLength > 0) state.skipLength -= 1;
      else state.bytes.push(token.byte);
      break;
    case "text":
      writeUnskipped(state, token.text);
      break;
  }
}

function writeUnskipped(state: RtfState, text: string): void {
  const shown = text.slice(state.skipLength);
  state.skipLength = Math.max(0, state.skipLength - text.length);
  writeText(state, shown);
}

/** The source of the HTML is read only when the HTML is restored. */
const isRead = (word: string, { isHtml }: RtfState) =>
  readIgnorableDestinations.has(word) && (word !== "htmltag" || isHtml);

function applyControlWord(state: RtfState, word: string, value: number | undefined): void {
  flushBytes(state);
  const handler = controlWords.get(word);
  const marks = groupMarks.get(word);
  const text = characters.get(word);
  if (handler) handler(state, value);
  else if (skippedDestinations.has(word)) state.group.isSkipped = true;
  else if (marks && !state.isHtml && value !== 0) markGroup(state, marks);
  else if (text !== undefined && !(state.isHtml && word === "cell")) writeText(state, text);
}

const controlWords = new Map(
  Object.entries<(state: RtfState, value: number | undefined) => void>({
    u: writeUnicode,
    uc({ group }, value = 1) {
      group.fallbackLength = Math.min(value, 8);
    },
    htmlrtf({ group }, value) {
      group.isRtfOnly = value !== 0;
    },
    fonttbl({ group }) {
      group.destination = "fontTable";
    },
    f({ group }, value = 0) {
      group.font = value;
    },
    deff({ group }, value = 0) {
      group.font = value;
    },
    fcharset: setCharset,
    v({ group }, value) {
      group.isHidden = value !== 0;
    },
    plain({ group }) {
      group.isHidden = false;
    },
    intbl({ group }) {
      group.isInTable = true;
    },
    pard({ group }) {
      group.isInTable = false;
    },
    par: writeParagraphEnd,
    field(state) {
      state.fieldInstruction = "";
    },
    fldinst({ group }) {
      group.destination = "fieldInstruction";
    },
    fldrslt: beginFieldResult,
  }),
);

/** A UTF-16 code unit as a signed number, followed by characters for readers without Unicode. */
function writeUnicode(state: RtfState, value = 0): void {
  writeText(state, String.fromCharCode(value & 0xffff));
  state.skipLength = state.group.fallbackLength;
}

function setCharset({ charsets, group }: RtfState, value = 0): void {
  if (group.destination === "fontTable") charsets.set(group.font, value);
}

/** Paragraphs in a table cell are kept in the line of their row. */
function writeParagraphEnd(state: RtfState): void {
  writeText(state, state.group.isInTable && !state.isHtml ? " / " : "\n");
}

function beginFieldResult(state: RtfState): void {
  const target = /HYPERLINK\s+"([^"]+)"/.exec(state.fieldInstruction)?.[1];
  if (target) markGroup(state, ["[", toLinkEnd(target)]);
}

/** Removes empty marks, and the space that tables and empty paragraphs leave. */
function trimParagraphs(text: string): string {
  return text
    .replace(/ ?\[(note|comment|deleted|inserted|header|footer): \s*\]/g, "")
    .split("\n")
    .map((line) => line.replace(/ \| *$/, "").trimEnd())
    .join("\n")
    .replace(/\n{4,}/g, "\n\n\n")
    .trim();
}
