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
  /** Open tables, the innermost last. */
  tables: Table[];
  /** Blocks that follow the open paragraph. */
  following: string[];
};

const newStory = (): Story => ({
  blocks: [],
  line: "",
  prefix: "",
  isListItem: false,
  tables: [],
  following: [],
});

export type DocumentWriter = ReturnType<typeof createDocumentWriter>;

/** Keeps at most `maxTextCharacters`. */
export function createDocumentWriter() {
  const outer: Story[] = [];
  let story = newStory();
  let remainingCharacters = maxTextCharacters;

  const openTable = () => story.tables.at(-1);

  function addBlock(text: string, isListItem = false): void {
    const cell = openTable()?.cell;
    if (cell) cell.push(joinLines(text));
    else story.blocks.push({ text, isListItem });
  }

  function endParagraph(): void {
    const { prefix, isListItem, line, following } = story;
    Object.assign(story, { prefix: "", isListItem: false, line: "", following: [] });
    // An empty paragraph counts too, so that a million of them reach the limit.
    remainingCharacters -= 2;
    const text = trimLineEnds(line);
    const prefixInCell = isListItem ? prefix.trimStart() : "";
    if (text !== "") addBlock((openTable()?.cell ? prefixInCell : prefix) + text, isListItem);
    for (const block of following) addBlock(block);
  }

  function finish(): string {
    endParagraph();
    return joinBlocks(story.blocks);
  }

  return {
    text(text: string): void {
      if (remainingCharacters <= 0) return;
      story.line += remainingCharacters < text.length ? text.slice(0, remainingCharacters) : text;
      remainingCharacters -= text.length;
    },
    /** Sets what precedes the open paragraph: "## ", or with `isListItem` a marker such as "- ". */
    prefix(prefix: string, isListItem = false): void {
      Object.assign(story, { prefix, isListItem });
    },
    endParagraph,
    /** Begins a text of its own; the paragraph around it continues after `endStory`. */
    beginStory(): void {
      outer.push(story);
      story = newStory();
    },
    endStory(): string {
      const text = finish();
      story = outer.pop() ?? newStory();
      return text;
    },
    /** Adds a block after the open paragraph. */
    addFollowing(text: string): void {
      if (text !== "") story.following.push(text);
    },
    beginTable(): void {
      endParagraph();
      story.tables.push({ rows: [], cell: undefined });
    },
    beginRow: () => void openTable()?.rows.push([]),
    beginCell(): void {
      Object.assign(openTable() ?? {}, { cell: [] });
    },
    /** `columns`: the width of the cell; `times`: how often it is repeated. */
    endCell({ columns = 1, times = 1 } = {}): void {
      endParagraph();
      const table = openTable();
      const row = table?.rows.at(-1);
      const text = (table?.cell ?? []).join(" / ").replace(/\|/g, "\\|");
      remainingCharacters -= text.length * (times - 1);
      for (let time = 0; time < times; time += 1) row?.push(remainingCharacters > 0 ? text : "");
      for (let column = 1; column < columns; column += 1) row?.push("");
      if (table) table.cell = undefined;
    },
    /** `times`: how often the row is repeated; `remark`: a last cell about the row, unless it is empty. */
    endRow({ times = 1, remark = "" } = {}): void {
      const rows = openTable()?.rows;
      const row = rows?.at(-1);
      if (!row || !rows) return;
      while (row.length > 0 && row.at(-1) === "") row.pop();
      if (row.length > 0 && remark) row.push(remark);
      const length = row.reduce((sum, cell) => sum + cell.length + 3, 0);
      for (let time = 1; time < times && row.length > 0 && remainingCharacters > 0; time += 1) {
        rows.push(row);
        remainingCharacters -= length;
      }
    },
    endTable(): void {
      const table = story.tables.pop();
      const isNested = openTable()?.cell !== undefined;
      const text = toTableText(table?.rows ?? [], isNested);
      if (text !== "") addBlock(text);
    },
    finish,
    /** True once text beyond the limit was dropped. */
    isFull: () => remainingCharacters <= 0,
  };
}

const trimLineEnds = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trim();

/** Joins blocks by an empty line, and the items of a list by a line end. */
const joinBlocks = (blocks: readonly Block[]) =>
  blocks
    .map(({ text, isListItem }, at) => {
      const previous = blocks[at - 1];
      if (!previous) return text;
      return (isListItem && previous.isListItem ? "\n" : "\n\n") + text;
    })
    .join("");

/** Empty rows are left out. A table in a cell of another one is written in one line. */
function toTableText(rows: readonly (readonly string[])[], isNested: boolean): string {
  const filled = rows.filter((row) => row.some((cell) => cell !== ""));
  if (isNested) return filled.map((row) => row.join(", ")).join("; ");
  return filled.map((row) => `| ${row.join(" | ")} |`).join("\n");
}
