/** Handlers for the text elements of OpenDocument files (OpenDocument 1.3 part 3), by name. */
import { joinLines, toComment, toLinkEnd } from "../inline-marks.ts";
import type { XmlAttributes } from "../xml.ts";
import { beginStory, endStory, type OdfState, writeInline, writeParagraph } from "./state.ts";
import { tableClosers, tableOpeners } from "./tables.ts";

type Opener = (state: OdfState, attributes: XmlAttributes) => void;
type Closer = (state: OdfState) => void;

const openers = new Map(
  Object.entries<Opener>({
    list: beginList,
    "list-item": beginListItem,
    s: (state, { c }) => writeInline(state, " ".repeat(Math.min(80, Number(c) || 1))),
    tab: (state) => writeInline(state, "\t"),
    "line-break": (state) => writeInline(state, "\n"),
    a: beginLink,
    creator: beginAuthor,
    annotation: beginComment,
    "note-body": beginStory,
    "text-box": beginStory,
    notes: beginStory,
    header: beginStory,
    "header-first": beginStory,
    footer: beginStory,
    "footer-first": beginStory,
    "changed-region": beginChangedRegion,
    deletion: beginStory,
    change: writeDeletion,
    "change-start"(state, attributes) {
      state.change = state.insertions.get(changeIdOf(attributes));
    },
    "change-end"(state) {
      state.change = undefined;
    },
    page: beginSlide,
    ...tableOpeners,
  }),
);

const closers = new Map(
  Object.entries<Closer>({
    list: ({ lists }) => lists.endList(),
    a: endLink,
    creator(state) {
      state.isInAuthor = false;
    },
    annotation: endComment,
    "note-body": endNote,
    "text-box": endTextBox,
    notes: endSpeakerNotes,
    header: endMargin("header"),
    "header-first": endMargin("header"),
    footer: endMargin("footer"),
    "footer-first": endMargin("footer"),
    deletion: endDeletion,
    "changed-region": endChangedRegion,
    ...tableClosers,
  }),
);

const isParagraph = (name: string) => name === "p" || name === "h";
const isHideable = (name: string) => isParagraph(name) || name === "span" || name === "section";
/** Numbers of notes, which are counted here; readings beside East Asian text; descriptions of pictures. */
const isSkipped = (name: string) => name === "note-citation" || name === "ruby-text" || name === "desc";

export function openOdfElement(state: OdfState, name: string, attributes: XmlAttributes): void {
  if (isHideable(name))
    state.hiding.push(
      attributes.display === "none" || state.styles.hidden.has(attributes["style-name"] ?? ""),
    );
  if (isSkipped(name)) state.skippedDepth += 1;
  if (name === "p") beginParagraph(state, attributes);
  else if (name === "h") beginHeading(state, attributes);
  else openers.get(name)?.(state, attributes);
}

export function readOdfCharacters(state: OdfState, text: string): void {
  if (state.isInAuthor) state.author += text;
  else if (state.paragraphDepth > 0 && state.skippedDepth === 0) writeInline(state, text);
}

export function closeOdfElement(state: OdfState, name: string): void {
  if (isParagraph(name)) endParagraph(state);
  else closers.get(name)?.(state);
  if (isSkipped(name)) state.skippedDepth -= 1;
  if (isHideable(name)) state.hiding.pop();
}

function beginParagraph(state: OdfState, attributes: XmlAttributes): void {
  state.paragraphDepth += 1;
  const item = state.lists.nextParagraph();
  if (item) state.writer.prefix(item.marker, true);
  else if (attributes["style-name"] === "Title") state.writer.prefix("# ");
}

function beginHeading(state: OdfState, attributes: XmlAttributes): void {
  state.paragraphDepth += 1;
  const item = state.lists.nextParagraph();
  const level = Math.min(6, Number(attributes["outline-level"]) || 1);
  const isNumbered = !attributes["is-list-header"];
  const label = item?.label ?? (isNumbered ? state.lists.nextHeading(level) : "");
  state.writer.prefix(`${"#".repeat(level)} ${label ? `${label} ` : ""}`);
}

function endParagraph(state: OdfState): void {
  state.marks.close();
  state.writer.endParagraph();
  state.paragraphDepth -= 1;
}

function beginList({ lists }: OdfState, attributes: XmlAttributes): void {
  const isContinued =
    attributes["continue-numbering"] === "true" || attributes["continue-list"] !== undefined;
  lists.beginList(attributes["style-name"], isContinued);
}

function beginListItem({ lists }: OdfState, { "start-value": start }: XmlAttributes): void {
  lists.beginItem(start === undefined ? undefined : Number(start));
}

function beginLink(state: OdfState, { href }: XmlAttributes): void {
  const target = href?.startsWith("#") ? undefined : href;
  state.openLinks.push(target);
  if (target) writeInline(state, "[");
}

function endLink(state: OdfState): void {
  const target = state.openLinks.pop();
  if (target) writeInline(state, toLinkEnd(target));
}

/** dc:creator inside a paragraph is a field of the text, such as the name of the author. */
function beginAuthor(state: OdfState): void {
  state.isInAuthor = state.paragraphDepth === 0;
  if (state.isInAuthor) state.author = "";
}

function beginComment(state: OdfState): void {
  state.author = "";
  beginStory(state);
}

function endComment(state: OdfState): void {
  const comment = toComment(state.author, endStory(state));
  // The comment on a cell precedes the paragraphs of the cell.
  if (state.paragraphDepth === 0) state.writer.addFollowing(comment);
  else writeInline(state, comment);
}

function endNote(state: OdfState): void {
  const { notes } = state;
  notes.push(`[^${notes.length + 1}]: ${endStory(state)}`);
  writeInline(state, `[^${notes.length}]`);
}

function endTextBox(state: OdfState): void {
  state.writer.addFollowing(endStory(state));
  if (state.paragraphDepth === 0) state.writer.endParagraph();
}

function endSpeakerNotes(state: OdfState): void {
  const text = joinLines(endStory(state));
  if (text !== "") writeParagraph(state, `Notes: ${text}`);
}

function endMargin(kind: "header" | "footer"): Closer {
  return (state) => void state.margins.push({ kind, text: joinLines(endStory(state)) });
}

const changeIdOf = (attributes: XmlAttributes) => attributes["change-id"] ?? "";

function beginChangedRegion(state: OdfState, { id = "" }: XmlAttributes): void {
  state.changeId = id;
  state.author = "";
}

/** Section 5.5: the deleted text stands in the declaration of the change, before the text of the document. */
function endDeletion(state: OdfState): void {
  const { author, changeId, deletions } = state;
  deletions.set(changeId, { kind: "deleted", author, text: joinLines(endStory(state)) });
}

function endChangedRegion({ author, changeId, insertions }: OdfState): void {
  insertions.set(changeId, { kind: "inserted", author });
}

function writeDeletion({ deletions, marks }: OdfState, attributes: XmlAttributes): void {
  const deletion = deletions.get(changeIdOf(attributes));
  marks.write(deletion?.text ?? "", deletion);
}

function beginSlide(state: OdfState, { "style-name": style = "" }: XmlAttributes): void {
  state.slideCount += 1;
  const isHidden = state.styles.hidden.has(style);
  writeParagraph(state, `Slide ${state.slideCount}${isHidden ? " (hidden)" : ""}`, "## ");
}
