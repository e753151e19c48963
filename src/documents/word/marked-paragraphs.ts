/** Marks headings and list items in the text that word-extractor reads from a binary Word document. */
import WordOleExtractor, { type Piece } from "word-extractor/lib/word-ole-extractor.js";
import { listMarker } from "../list-markers.ts";
import { type ListLevel, listsOf, type ParagraphProperties, paragraphsOf } from "./binary-paragraphs.ts";

/** Styles of headings have fixed numbers (MS-DOC section 2.9.271): 1 to 9. */
const maxHeadingStyle = 9;
const maxHeadingLevel = 6;
/** Characters of private use that end a marked paragraph; a document with one of its own is read without marks. */
const firstMark = 0xe000;
const maxPrefixes = 4_096;
const marks = /([\n\uE000-\uEFFF])/;

/** Comparisons of paragraphs with pieces: a document that was saved piece by piece for years needs fewer. */
const maxComparisons = 5_000_000;

/** A paragraph of a text: `prefix` is the marker of a heading or a list item, or empty. */
export type Paragraph = { text: string; prefix: string };

/** An extractor that marks paragraphs, and the paragraphs of a text that it made. */
export function createMarkedExtractor(): {
  extractor: WordOleExtractor;
  paragraphsIn(text: string): Paragraph[];
} {
  const extractor = new WordOleExtractor();
  const prefixes: string[] = [];
  const write = extractor.writeParagraphProperties.bind(extractor);
  extractor.writeParagraphProperties = (block, table) => {
    write(block, table);
    try {
      markParagraphs(extractor._pieces, block, table, prefixes);
    } catch {
      // The properties are damaged: the text is there all the same.
    }
  };
  return {
    extractor,
    paragraphsIn(text) {
      const pieces = text.split(marks);
      return pieces.flatMap((piece, at) => {
        if (at % 2 === 1) return [];
        const mark = (pieces[at + 1] ?? "\n").charCodeAt(0) - firstMark;
        return [{ text: piece, prefix: prefixes[mark] ?? "" }];
      });
    },
  };
}

/** The place of the character that ends a paragraph. */
type Ending = { piece: Piece; order: number; index: number; properties: ParagraphProperties };

/** Replaces the end of each heading and list item by the mark of its prefix, which is added to `prefixes`. */
function markParagraphs(pieces: Piece[], block: Buffer, table: Buffer, prefixes: string[]): void {
  if (pieces.some(({ text }) => /[\uE000-\uEFFF]/.test(text))) return;
  const lists = listsOf(block, table);
  const numbering = createNumbering(lists);
  const marked = [...paragraphsOf(block, table)].filter(
    ({ style, list }) => isHeading(style) || lists.has(list),
  );
  if (marked.length * pieces.length > maxComparisons) return;
  const endings = marked
    .flatMap((properties) => endingOf(pieces, properties))
    .sort((a, b) => a.order - b.order || a.index - b.index);
  const numbers = new Map<string, number>();
  for (const [piece, ends] of Map.groupBy(endings, ({ piece }) => piece)) {
    const characters = piece.text.split("");
    for (const { index, properties } of ends) {
      const prefix = isHeading(properties.style)
        ? `${"#".repeat(Math.min(properties.style, maxHeadingLevel))} `
        : numbering(properties);
      const number = numbers.get(prefix) ?? numbers.size;
      if (number >= maxPrefixes) continue;
      numbers.set(prefix, number);
      prefixes[number] = prefix;
      characters[index] = String.fromCharCode(firstMark + number);
    }
    piece.text = characters.join("");
  }
}

const isHeading = (style: number) => style >= 1 && style <= maxHeadingStyle;

function endingOf(pieces: readonly Piece[], properties: ParagraphProperties): Ending[] {
  const order = pieces.findIndex(
    ({ startFilePos, endFilePos }) => startFilePos < properties.end && properties.end <= endFilePos,
  );
  const piece = pieces[order];
  if (!piece) return [];
  const index = (properties.end - piece.startFilePos) / piece.bpc - 1;
  // The end of a cell is another character.
  return piece.text[index] === "\r" ? [{ piece, order, index, properties }] : [];
}

/** Returns a function that numbers the items of each list in the order of the text. */
function createNumbering(lists: ReadonlyMap<number, readonly ListLevel[]>) {
  const numbers = new Map<number, number[]>();
  return ({ list, level }: ParagraphProperties): string => {
    const levels = lists.get(list) ?? [];
    const kind = levels[level] ?? levels[0];
    if (!kind || kind.isBullet) return listMarker(level, "-");
    const counts = (numbers.get(list) ?? []).slice(0, level + 1);
    const number = (counts[level] ?? kind.start - 1) + 1;
    counts[level] = number;
    numbers.set(list, counts);
    return listMarker(level, `${number}.`);
  };
}
