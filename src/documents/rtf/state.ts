/** The state while an RTF file is read, and the writes that its tokens share. */
import { decodeCodePage } from "../code-page.ts";
import { codePagesByCharset, symbolCharset } from "./control-words.ts";

const maxInstructionCharacters = 2_000;

/** Properties that a group inherits from the group around it. */
type RtfGroup = {
  /** A destination whose text is left out. */
  isSkipped: boolean;
  isHidden: boolean;
  /** \uc: how many characters for readers without Unicode follow a \u. */
  fallbackLength: number;
  /** \htmlrtf: text that does not belong to the HTML. */
  isRtfOnly: boolean;
  font: number;
  isInTable: boolean;
  destination: "text" | "fontTable" | "fieldInstruction";
  /** Written at the end of this group; not inherited. */
  ending: string;
};

export type RtfState = {
  /** The HTML that the file was made from is read, instead of its text. */
  isHtml: boolean;
  codePage: number;
  /** Charsets by font. */
  charsets: Map<number, number>;
  pieces: string[];
  hiddenCharacters: number;
  group: RtfGroup;
  outerGroups: RtfGroup[];
  /** Bytes that are decoded together, since a character may have two. */
  bytes: number[];
  /** Characters to skip after a \u. */
  skipLength: number;
  fieldInstruction: string;
};

export const createRtfState = (isHtml: boolean, codePage: number): RtfState => ({
  isHtml,
  codePage,
  charsets: new Map(),
  pieces: [],
  hiddenCharacters: 0,
  group: {
    isSkipped: false,
    isHidden: false,
    fallbackLength: 1,
    isRtfOnly: false,
    font: -1,
    isInTable: false,
    destination: "text",
    ending: "",
  },
  outerGroups: [],
  bytes: [],
  skipLength: 0,
  fieldInstruction: "",
});

const isShown = ({ group, isHtml }: RtfState) =>
  !group.isSkipped && group.destination === "text" && !(isHtml && group.isRtfOnly);

function addText(state: RtfState, text: string): void {
  if (!isShown(state)) return;
  if (state.group.isHidden) state.hiddenCharacters += text.length;
  else state.pieces.push(text);
}

/** Decodes the pending bytes in the code page of the font. */
export function flushBytes(state: RtfState): void {
  if (state.bytes.length === 0) return;
  const charset = state.charsets.get(state.group.font) ?? 0;
  const codePage = codePagesByCharset.get(charset) ?? state.codePage;
  const text = decodeCodePage(new Uint8Array(state.bytes), codePage);
  state.bytes = [];
  addText(state, charset === symbolCharset ? text.replace(/[^\s-]/g, "•") : text);
}

/** Writes text of the document, or of a field instruction. */
export function writeText(state: RtfState, text: string): void {
  flushBytes(state);
  if (
    state.group.destination === "fieldInstruction" &&
    state.fieldInstruction.length < maxInstructionCharacters
  )
    state.fieldInstruction += text;
  addText(state, text);
}

/** Writes `before` now and `after` at the end of the group. */
export function markGroup(state: RtfState, [before, after]: readonly [string, string]): void {
  writeText(state, before);
  state.group.ending = isShown(state) ? after : "";
}

export function beginGroup(state: RtfState): void {
  flushBytes(state);
  state.outerGroups.push(state.group);
  state.group = { ...state.group, ending: "" };
  state.skipLength = 0;
}

export function endGroup(state: RtfState): void {
  flushBytes(state);
  const { ending } = state.group;
  if (ending.startsWith("]")) state.pieces.push((state.pieces.pop() ?? "").trimEnd());
  addText(state, ending);
  state.group = state.outerGroups.pop() ?? state.group;
  state.skipLength = 0;
}
