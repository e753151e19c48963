/** Handlers for the elements of WordprocessingML (ECMA-376 part 1, section 17), by name. */
import type { TrackedChange } from "../inline-marks.ts";
import type { XmlAttributes } from "../xml.ts";
import { closeLink, newParagraph, openLink, type WordState, writeRun } from "./state.ts";

type Opener = (state: WordState, attributes: XmlAttributes) => void;
type Closer = (state: WordState) => void;

/** Elements inside properties, such as pStyle in pPr. */
const propertySetters = new Map(
  Object.entries<Opener>({
    pStyle({ paragraph }, { val = "" }) {
      paragraph.style = val;
    },
    numId({ paragraph }, { val = "" }) {
      paragraph.numberId = val;
    },
    ilvl({ paragraph }, { val = "" }) {
      paragraph.level = Number(val) || 0;
    },
    outlineLvl({ paragraph }, { val = "" }) {
      paragraph.outlineLevel = Number(val);
    },
    gridSpan(state, { val = "" }) {
      state.columns = Math.min(60, Number(val) || 1);
    },
    vanish: hideRun,
  }),
);

const openers = new Map(
  Object.entries<Opener>({
    t: beginText,
    delText: beginText,
    tab: (state) => writeRun(state, "\t"),
    br: (state) => writeRun(state, "\n"),
    cr: (state) => writeRun(state, "\n"),
    noBreakHyphen: (state) => writeRun(state, "-"),
    sym: (state, { char = "" }) => writeRun(state, symbolOf(char)),
    // Office Math sets these parts above, below or beside each other; in one line they would run together.
    den: (state) => writeRun(state, "/"),
    sup: (state) => writeRun(state, "^"),
    sub: (state) => writeRun(state, "_"),
    ins: beginChange("inserted"),
    moveTo: beginChange("inserted"),
    del: beginChange("deleted"),
    moveFrom: beginChange("deleted"),
    hyperlink: (state, { id = "" }) => openLink(state, state.links.get(id)),
    fldChar: readFieldCharacter,
    commentReference: (state, { id = "" }) => writeRun(state, state.context.commentOf(id)),
    footnoteReference: referToNote("footnote"),
    endnoteReference: referToNote("endnote"),
    comment: beginNote("comment"),
    footnote: beginNote("footnote"),
    endnote: beginNote("endnote"),
    txbxContent: beginTextBox,
    tbl: ({ writer }) => writer.beginTable(),
    tr: ({ writer }) => writer.beginRow(),
    tc: beginCell,
  }),
);

const closers = new Map(
  Object.entries<Closer>({
    t: endText,
    delText: endText,
    r(state) {
      state.isHidden = false;
    },
    ins: endChange,
    moveTo: endChange,
    del: endChange,
    moveFrom: endChange,
    hyperlink: closeLink,
    p: endParagraph,
    comment: endNote,
    footnote: endNote,
    endnote: endNote,
    txbxContent: ({ writer }) => writer.addFollowing(writer.endStory()),
    tc: ({ writer, columns }) => writer.endCell({ columns }),
    tbl: ({ writer }) => writer.endTable(),
  }),
);

const isProperties = (name: string) => name.endsWith("Pr");

export function openWordElement(state: WordState, name: string, attributes: XmlAttributes): void {
  if (name === "Fallback") state.fallbackDepth += 1;
  if (state.fallbackDepth > 0) return;
  if (isProperties(name)) {
    state.propertiesDepth += 1;
    if (name === "pPr" && state.propertiesDepth === 1) state.paragraph = newParagraph();
  } else if (state.propertiesDepth > 0) propertySetters.get(name)?.(state, attributes);
  else openers.get(name)?.(state, attributes);
}

export function readWordCharacters(state: WordState, text: string): void {
  if (state.fallbackDepth > 0) return;
  const field = state.openFields.at(-1);
  if (state.isInText) writeRun(state, text);
  else if (field && !field.isResult && field.instruction.length < 2_000) field.instruction += text;
}

export function closeWordElement(state: WordState, name: string): void {
  if (name === "Fallback") state.fallbackDepth -= 1;
  if (state.fallbackDepth > 0) return;
  if (isProperties(name)) {
    state.propertiesDepth -= 1;
    if (name === "pPr" && state.propertiesDepth === 0) writeParagraphPrefix(state);
  } else if (state.propertiesDepth === 0) closers.get(name)?.(state);
}

function beginText(state: WordState): void {
  state.isInText = true;
}

function endText(state: WordState): void {
  state.isInText = false;
}

/** Check boxes and arrows of the font Wingdings, by code point in the private use area (section 17.3.3.30). */
const wingdings = new Map([
  ["a8", "☐"],
  ["fe", "☒"],
  ["fd", "☒"],
  ["fc", "✓"],
  ["fb", "✗"],
  ["e0", "→"],
]);

const symbolOf = (codePoint: string) => wingdings.get(codePoint.toLowerCase().replace(/^f0/, "")) ?? "";

/** Applies to the properties of a run only: in those of a paragraph it hides the paragraph mark, not the text. */
function hideRun(state: WordState, { val = "" }: XmlAttributes): void {
  if (state.propertiesDepth === 1) state.isHidden = !/^(0|false|off)$/.test(val);
}

function beginChange(kind: TrackedChange["kind"]): Opener {
  return (state, { author = "" }) => {
    state.change = { kind, author };
  };
}

function endChange(state: WordState): void {
  state.change = undefined;
}

/** Section 17.16.18: a field begins with its instruction; its result follows the separator. */
function readFieldCharacter(state: WordState, { fldCharType: type }: XmlAttributes): void {
  const { openFields } = state;
  const field = openFields.at(-1);
  if (type === "begin") openFields.push({ instruction: "", isResult: false, isLink: false });
  else if (type === "separate" && field) {
    const target = /^\s*HYPERLINK\s+"([^"]+)"/.exec(field.instruction)?.[1];
    field.isResult = true;
    field.isLink = target !== undefined;
    if (target) openLink(state, target);
  } else if (type === "end" && openFields.pop()?.isLink) closeLink(state);
}

function referToNote(kind: string): Opener {
  return (state, { id = "" }) => writeRun(state, `[^${state.context.referToNote(`${kind} ${id}`)}]`);
}

function beginNote(kind: string): Opener {
  return (state, { id = "", author = "" }) => {
    state.writer.beginStory();
    state.openNote = { kind, id, author };
  };
}

function endNote({ notes, openNote, writer }: WordState): void {
  if (openNote) notes.push({ ...openNote, text: writer.endStory() });
}

function beginTextBox({ marks, writer }: WordState): void {
  marks.close();
  writer.beginStory();
}

function beginCell(state: WordState): void {
  state.columns = 1;
  state.writer.beginCell();
}

function endParagraph({ marks, writer }: WordState): void {
  marks.close();
  writer.endParagraph();
}

/** Counts the paragraph in its list, and writes the marker of the item or heading. */
function writeParagraphPrefix({ context, paragraph, writer }: WordState): void {
  const style = context.styleOf(paragraph.style);
  const numberId = paragraph.numberId ?? style.numberId;
  const item = numberId ? context.numbering.next(numberId, paragraph.level ?? style.level ?? 0) : undefined;
  const heading = style.heading ?? (paragraph.outlineLevel < 6 ? paragraph.outlineLevel + 1 : undefined);
  if (heading) writer.prefix(`${"#".repeat(heading)} ${item?.label ? `${item.label} ` : ""}`);
  else if (item) writer.prefix(item.marker, true);
}
