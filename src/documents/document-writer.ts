/** Markdown from the running text, lists and tables of office formats. */
import { maxTextCharacters } from "./document-text.ts";
import { joinLines } from "./inline-marks.ts";

type Block = { text: string; isListItem: boolean };
/** `cell`: the paragraphs of the open cell; undefined between cells. */
type Table = { rows: string[][]; cell: string[] | undefined };

/** A text with paragraphs of its own: the document, or a note, comment or text box inside one of its paragraphs. */
type Story = {
  blocks: Block[];
  /** The open paragraph. */
  line: string;
  prefix: string;
  isListItem: boolean;
  /** Blocks that follow the open paragraph. */
  following: string[];
  /** Open tables, the innermost last. */
  tables: Table[];
};

type WriterState = { story: Story; outerStories: Story[]; remainingCharacters: number };

const newStory = (): Story => ({
  blocks: [],
  line: "",
  prefix: "",
  isListItem: false,
  following: [],
  tables: [],
});

export type DocumentWriter = ReturnType<typeof createDocumentWriter>;

/** Keeps at most `maxTextCharacters`. */
export function createDocumentWriter() {
  const state: WriterState = {
    story: newStory(),
    outerStories: [],
    remainingCharacters: maxTextCharacters,
  };
  return {
    /** Writes into the open paragraph. */
    text: (text: string) => addText(state, text),
    /** Sets what precedes the open paragraph: "## ", or with `isListItem` a marker such as "- ". */
    prefix: (prefix: string, isListItem = false) => setPrefix(state, prefix, isListItem),
    endParagraph: () => finishParagraph(state),
    /** Adds a block after the open paragraph. */
    addFollowing: (block: string) => addFollowing(state, block),
    /** Begins a text of its own; the paragraph around it continues after `endStory`. */
    beginStory: () => startStory(state),
    /** Returns the text since `beginStory`. */
    endStory: () => finishStory(state),
    beginTable: () => startTable(state),
    beginRow: () => void tableOf(state)?.rows.push([]),
    beginCell: () => startCell(state),
    endCell: (size?: { columns?: number; times?: number }) => finishCell(state, size),
    endRow: (size?: { times?: number; remark?: string }) => finishRow(state, size),
    endTable: () => finishTable(state),
    /** Returns the text of the document. */
    finish: () => finishBlocks(state),
    /** True once text beyond the limit was dropped. */
    isFull: () => state.remainingCharacters <= 0,
  };
}

const tableOf = ({ story }: WriterState) => story.tables.at(-1);

function addText(state: WriterState, text: string): void {
  const { remainingCharacters, story } = state;
  if (remainingCharacters <= 0) return;
  story.line += remainingCharacters < text.length ? text.slice(0, remainingCharacters) : text;
  state.remainingCharacters -= text.length;
}

function setPrefix({ story }: WriterState, prefix: string, isListItem: boolean): void {
  story.prefix = prefix;
  story.isListItem = isListItem;
}

function addBlock(state: WriterState, text: string, isListItem = false): void {
  const cell = tableOf(state)?.cell;
  if (cell) cell.push(joinLines(text));
  else state.story.blocks.push({ text, isListItem });
}

function addFollowing({ story }: WriterState, block: string): void {
  if (block !== "") story.following.push(block);
}

function finishParagraph(state: WriterState): void {
  const { prefix, isListItem, line, following } = state.story;
  Object.assign(state.story, { prefix: "", isListItem: false, line: "", following: [] });
  // An empty paragraph counts too, so that a million of them reach the limit.
  state.remainingCharacters -= 2;
  const text = trimLineEnds(line);
  const prefixInCell = isListItem ? prefix.trimStart() : "";
  if (text !== "") addBlock(state, (tableOf(state)?.cell ? prefixInCell : prefix) + text, isListItem);
  for (const block of following) addBlock(state, block);
}

const trimLineEnds = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trim();

function startStory(state: WriterState): void {
  state.outerStories.push(state.story);
  state.story = newStory();
}

function finishStory(state: WriterState): string {
  const text = finishBlocks(state);
  state.story = state.outerStories.pop() ?? newStory();
  return text;
}

/** Joins blocks by an empty line, and the items of a list by a line end. */
function finishBlocks(state: WriterState): string {
  finishParagraph(state);
  const { blocks } = state.story;
  return blocks
    .map(({ text, isListItem }, at) => {
      const previous = blocks[at - 1];
      if (!previous) return text;
      return (isListItem && previous.isListItem ? "\n" : "\n\n") + text;
    })
    .join("");
}

function startTable(state: WriterState): void {
  finishParagraph(state);
  state.story.tables.push({ rows: [], cell: undefined });
}

function startCell(state: WriterState): void {
  const table = tableOf(state);
  if (table) table.cell = [];
}

/** `columns`: the width of the cell; `times`: how often it is repeated. */
function finishCell(state: WriterState, { columns = 1, times = 1 } = {}): void {
  finishParagraph(state);
  const table = tableOf(state);
  const row = table?.rows.at(-1);
  const text = (table?.cell ?? []).join(" / ").replace(/\|/g, "\\|");
  state.remainingCharacters -= text.length * (times - 1);
  for (let time = 0; time < times; time += 1) row?.push(state.remainingCharacters > 0 ? text : "");
  for (let column = 1; column < columns; column += 1) row?.push("");
  if (table) table.cell = undefined;
}

/** `times`: how often the row is repeated; `remark`: a last cell about the row, which an empty row does not get. */
function finishRow(state: WriterState, { times = 1, remark = "" } = {}): void {
  const rows = tableOf(state)?.rows;
  const row = rows?.at(-1);
  if (!row || !rows) return;
  while (row.length > 0 && row.at(-1) === "") row.pop();
  if (row.length > 0 && remark) row.push(remark);
  const length = row.reduce((sum, cell) => sum + cell.length + 3, 0);
  for (let time = 1; time < times && row.length > 0 && state.remainingCharacters > 0; time += 1) {
    rows.push(row);
    state.remainingCharacters -= length;
  }
}

/** Leaves out empty rows. A table in a cell of another one is written in one line. */
function finishTable(state: WriterState): void {
  const table = state.story.tables.pop();
  const rows = (table?.rows ?? []).filter((row) => row.some((cell) => cell !== ""));
  if (rows.length === 0) return;
  const isNested = tableOf(state)?.cell !== undefined;
  addBlock(
    state,
    isNested
      ? rows.map((row) => row.join(", ")).join("; ")
      : rows.map((row) => `| ${row.join(" | ")} |`).join("\n"),
  );
}
