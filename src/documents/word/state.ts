/** The state while one part of a DOCX file is walked, and the writes that several elements share. */
import { createDocumentWriter, type DocumentWriter } from "../document-writer.ts";
import { createChangeMarks, type TrackedChange, toLinkEnd } from "../inline-marks.ts";
import type { WordNumbering } from "./numbering.ts";
import type { WordStyle } from "./styles.ts";

/** State that the parts of one file share. */
export type WordContext = {
  styleOf(id: string): WordStyle;
  numbering: WordNumbering;
  /** Returns a comment as it is written into the text; empty for an unknown id. */
  commentOf(id: string): string;
  /** Returns the number of a footnote or endnote: the next free one at its first reference, then the same again. */
  referToNote(key: string): number;
};

/** A footnote, endnote or comment. */
export type WordNote = { kind: string; id: string; author: string; text: string };

type Paragraph = {
  style: string;
  numberId: string | undefined;
  level: number | undefined;
  outlineLevel: number;
};

/** A complex field (section 17.16.18): its instruction until `isResult`, then the text that is shown. */
type ComplexField = { instruction: string; isResult: boolean; isLink: boolean };

export type WordState = {
  context: WordContext;
  /** Link targets by relationship id. */
  links: ReadonlyMap<string, string>;
  writer: DocumentWriter;
  marks: ReturnType<typeof createChangeMarks>;
  notes: WordNote[];
  openNote: Omit<WordNote, "text"> | undefined;
  paragraph: Paragraph;
  change: TrackedChange | undefined;
  /** Nesting inside properties elements such as pPr, rPr, tcPr. */
  propertiesDepth: number;
  /** Nesting inside mc:Fallback, which repeats its mc:Choice for older programs. */
  fallbackDepth: number;
  isInText: boolean;
  /** The open run is hidden. */
  isHidden: boolean;
  hiddenCharacters: number;
  /** Width of the open table cell. */
  columns: number;
  /** Targets of the open links; undefined for a link to a place in the document. */
  openLinks: (string | undefined)[];
  openFields: ComplexField[];
};

export const newParagraph = (): Paragraph => ({
  style: "",
  numberId: undefined,
  level: undefined,
  outlineLevel: 9,
});

export function createWordState(context: WordContext, links: ReadonlyMap<string, string>): WordState {
  const writer = createDocumentWriter();
  return {
    context,
    links,
    writer,
    marks: createChangeMarks(writer.text),
    notes: [],
    openNote: undefined,
    paragraph: newParagraph(),
    change: undefined,
    propertiesDepth: 0,
    fallbackDepth: 0,
    isInText: false,
    isHidden: false,
    hiddenCharacters: 0,
    columns: 1,
    openLinks: [],
    openFields: [],
  };
}

/** Writes text of the open run, or counts it when the run is hidden. */
export function writeRun(state: WordState, text: string): void {
  if (state.isHidden) state.hiddenCharacters += text.length;
  else state.marks.write(text, state.change);
}

export function openLink(state: WordState, target: string | undefined): void {
  state.openLinks.push(target);
  if (target) writeRun(state, "[");
}

export function closeLink(state: WordState): void {
  const target = state.openLinks.pop();
  if (target) writeRun(state, toLinkEnd(target));
}
