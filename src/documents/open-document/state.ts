/** The state while the text of an ODT, ODS or ODP part is walked, and the writes that several elements share. */
import { createDocumentWriter, type DocumentWriter } from "../document-writer.ts";
import { createChangeMarks, type TrackedChange } from "../inline-marks.ts";
import type { XmlAttributes } from "../xml.ts";
import { createOdfLists } from "./lists.ts";
import type { OdfStyles } from "./styles.ts";

/** `row`: the attributes of the open row. `cellTimes`: how often the open cell is repeated. */
type OdfTable = {
  isSheet: boolean;
  columnCount: number;
  hiddenColumns: string[];
  row: XmlAttributes;
  cellTimes: number;
};

export type OdfMargin = { kind: "header" | "footer"; text: string };

export type OdfState = {
  styles: OdfStyles;
  writer: DocumentWriter;
  marks: ReturnType<typeof createChangeMarks>;
  lists: ReturnType<typeof createOdfLists>;
  /** Open tables, the innermost last. */
  tables: OdfTable[];
  isInSpreadsheet: boolean;
  slideCount: number;
  /** Footnotes and endnotes as they are written below the text. */
  notes: string[];
  margins: OdfMargin[];
  /** Tracked changes by id. */
  deletions: Map<string, TrackedChange & { text: string }>;
  insertions: Map<string, TrackedChange>;
  /** The tracked change that is being declared. */
  changeId: string;
  /** The tracked change that the text is in. */
  change: TrackedChange | undefined;
  /** The author of the comment or tracked change that is being declared. */
  author: string;
  isInAuthor: boolean;
  /** Targets of the open links; undefined for a link to a place in the document. */
  openLinks: (string | undefined)[];
  /** For each open element that a style can hide: true when it is hidden. */
  hiding: boolean[];
  hiddenCharacters: number;
  /** Nesting inside paragraphs of the open story; that of the stories around it in `outerParagraphDepths`. */
  paragraphDepth: number;
  outerParagraphDepths: number[];
  /** Nesting inside elements whose text is left out. */
  skippedDepth: number;
};

export function createOdfState(styles: OdfStyles): OdfState {
  const writer = createDocumentWriter();
  return {
    styles,
    writer,
    marks: createChangeMarks(writer.text),
    lists: createOdfLists(styles),
    tables: [],
    isInSpreadsheet: false,
    slideCount: 0,
    notes: [],
    margins: [],
    deletions: new Map(),
    insertions: new Map(),
    changeId: "",
    change: undefined,
    author: "",
    isInAuthor: false,
    openLinks: [],
    hiding: [],
    hiddenCharacters: 0,
    paragraphDepth: 0,
    outerParagraphDepths: [],
    skippedDepth: 0,
  };
}

/** Writes text of the open paragraph, or counts it when it is hidden. */
export function writeInline(state: OdfState, text: string): void {
  if (state.hiding.includes(true)) state.hiddenCharacters += text.length;
  else state.marks.write(text, state.change);
}

/** Writes a paragraph that is not text of the document, such as the title of a sheet. */
export function writeParagraph({ writer }: OdfState, text: string, prefix = ""): void {
  writer.endParagraph();
  writer.prefix(prefix);
  writer.text(text);
  writer.endParagraph();
}

/** Begins a text of its own inside a paragraph, such as a note or comment. */
export function beginStory(state: OdfState): void {
  state.marks.close();
  state.writer.beginStory();
  state.outerParagraphDepths.push(state.paragraphDepth);
  state.paragraphDepth = 0;
}

export function endStory(state: OdfState): string {
  state.paragraphDepth = state.outerParagraphDepths.pop() ?? 0;
  return state.writer.endStory();
}
