/** Running text with headings, lists and tables, as office formats describe it, put together as markdown. */
import { maxTextCharacters } from "./document-text.ts";

type Block = { text: string; item: boolean };
/** Text that stands by itself: the document, or a note or a box in the midst of one of its paragraphs. */
type Place = {
  blocks: Block[];
  line: string;
  prefix: string;
  item: boolean;
  /** Cells of the row under construction, of tables within tables the innermost. */
  tables: { rows: string[][]; cell: string[] | undefined }[];
  /** What comes when the paragraph is over. */
  after: string[];
};

const newPlace = (): Place => ({ blocks: [], line: "", prefix: "", item: false, tables: [], after: [] });

/** What is beyond all use is not kept. */
export function createFlow() {
  const outer: Place[] = [];
  let place = newPlace();
  let left = maxTextCharacters;

  function add(text: string, item = false): void {
    const cell = place.tables.at(-1)?.cell;
    if (cell) cell.push(text.replace(/\s*\n\s*/g, " / "));
    else place.blocks.push({ text, item });
  }

  function endParagraph(): void {
    const { prefix, item, line, after } = place;
    Object.assign(place, { prefix: "", item: false, line: "", after: [] });
    const text = line
      .split("\n")
      .map((piece) => piece.trimEnd())
      .join("\n")
      .trim();
    const inCell = place.tables.at(-1)?.cell !== undefined;
    // A line end each: of a million empty words something would be kept, too.
    left -= 2;
    if (text !== "") add(inCell ? `${item ? prefix.trimStart() : ""}${text}` : prefix + text, item);
    for (const more of after) add(more);
  }

  return {
    text: (text: string) => {
      if (left <= 0) return;
      place.line += left < text.length ? text.slice(0, left) : text;
      left -= text.length;
    },
    /** What stands before the paragraph: "## ", or as an item of a list "- ". */
    mark: (prefix: string, item = false) => Object.assign(place, { prefix, item }),
    endParagraph,
    /** From here to closeAside is a text by itself, and the paragraph it stands in goes on afterwards. */
    openAside: () => {
      outer.push(place);
      place = newPlace();
    },
    /** That text; `after` puts it where the paragraph ends. */
    closeAside: (): string => {
      const text = finish(place);
      place = outer.pop() ?? newPlace();
      return text;
    },
    after: (text: string) => {
      if (text !== "") place.after.push(text);
    },
    openTable: () => {
      endParagraph();
      place.tables.push({ rows: [], cell: undefined });
    },
    openRow: () => place.tables.at(-1)?.rows.push([]),
    openCell: () => {
      const table = place.tables.at(-1);
      if (table) table.cell = [];
    },
    /** `columns`: how many the cell is wide; `times`: how often it stands there. */
    closeCell: ({ columns = 1, times = 1 } = {}) => {
      endParagraph();
      const table = place.tables.at(-1);
      const row = table?.rows.at(-1);
      const text = (table?.cell ?? []).join(" / ").replace(/\|/g, "\\|");
      left -= text.length * (times - 1);
      for (let time = 0; time < times; time += 1) row?.push(left > 0 ? text : "");
      for (let column = 1; column < columns; column += 1) row?.push("");
      if (table) table.cell = undefined;
    },
    /** `times`: how often the row stands there; `remark` is said of it. */
    closeRow: ({ times = 1, remark = "" } = {}) => {
      const rows = place.tables.at(-1)?.rows;
      const row = rows?.at(-1);
      if (!row || !rows) return;
      while (row.length > 0 && row.at(-1) === "") row.pop();
      if (row.length > 0 && remark) row.push(remark);
      const length = row.reduce((sum, cell) => sum + cell.length + 3, 0);
      for (let time = 1; time < times && row.length > 0 && left > 0; time += 1) {
        rows.push(row);
        left -= length;
      }
    },
    closeTable: () => {
      const table = place.tables.pop();
      const rows = (table?.rows ?? []).filter((row) => row.some((cell) => cell !== ""));
      if (rows.length === 0) return;
      const isInner = place.tables.at(-1)?.cell !== undefined;
      add(
        rows.map((row) => (isInner ? row.join(", ") : `| ${row.join(" | ")} |`)).join(isInner ? "; " : "\n"),
      );
    },
    finish: () => finish(place),
    /** More was said than is kept. */
    isFull: () => left <= 0,
  };

  function finish({ blocks }: Place): string {
    endParagraph();
    return blocks
      .map(({ text, item }, at) => (at === 0 ? text : (item && blocks[at - 1]?.item ? "\n" : "\n\n") + text))
      .join("");
  }
}

export type Flow = ReturnType<typeof createFlow>;
