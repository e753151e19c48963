/** The text of one XHTML document of an EPUB book. */
import type { DocumentWriter } from "../document-writer.ts";
import { listMarker } from "../list-markers.ts";
import { walkXml, type Xml, type XmlAttributes } from "../xml.ts";

const skipped = new Set(["head", "script", "style", "svg", "math", "template"]);
const blocks = new Set(
  "p div section article aside header footer nav blockquote pre figure figcaption dl dt dd ul ol li hr body".split(
    " ",
  ),
);
const headings = new Map(
  ["h1", "h2", "h3", "h4", "h5", "h6"].map((name, at) => [name, `${"#".repeat(at + 1)} `]),
);

type Chapter = {
  writer: DocumentWriter;
  /** Open lists, the innermost last; `number` of the last item, undefined for bullets. */
  lists: { number: number | undefined }[];
  /** Nesting inside elements that are left out, and inside hidden ones. */
  skippedDepth: number;
  hiddenDepth: number;
  hiddenCharacters: number;
  /** True while the open list item is empty: a paragraph that begins in it continues the line of its marker. */
  isItemEmpty: boolean;
};

/** Writes the chapter; returns how many characters of hidden text were left out. Throws when the XML is damaged. */
export function readChapter(xml: Xml, writer: DocumentWriter): number {
  const chapter: Chapter = {
    writer,
    lists: [],
    skippedDepth: 0,
    hiddenDepth: 0,
    hiddenCharacters: 0,
    isItemEmpty: false,
  };
  const visitor = {
    isDone: writer.isFull,
    open: (name: string, attributes: XmlAttributes) => openElement(chapter, name, attributes),
    text: (text: string) => writeText(chapter, text),
    close: (name: string) => closeElement(chapter, name),
  };
  walkXml(xml, visitor, { isXhtml: true });
  writer.endParagraph();
  return chapter.hiddenCharacters;
}

const isHidden = ({ hidden, style = "" }: XmlAttributes) =>
  hidden !== undefined || /(display\s*:\s*none|visibility\s*:\s*hidden)/i.test(style);

function openElement(chapter: Chapter, name: string, attributes: XmlAttributes): void {
  const { writer, lists } = chapter;
  if (chapter.skippedDepth > 0 || skipped.has(name)) chapter.skippedDepth += 1;
  if (chapter.hiddenDepth > 0 || isHidden(attributes)) chapter.hiddenDepth += 1;
  if (chapter.skippedDepth > 0 || chapter.hiddenDepth > 0) return;
  const heading = headings.get(name);
  if ((heading || blocks.has(name)) && !(chapter.isItemEmpty && (name === "p" || name === "div")))
    writer.endParagraph();
  if (heading) writer.prefix(heading);
  if (name === "ul" || name === "ol") lists.push({ number: name === "ol" ? 0 : undefined });
  if (name === "li") beginItem(chapter);
  if (name === "br") writer.text("\n");
  if (name === "img" && attributes.alt?.trim()) writer.text(`[picture: ${attributes.alt.trim()}]`);
  tableOpeners[name]?.(writer);
}

function beginItem(chapter: Chapter): void {
  const { writer, lists } = chapter;
  chapter.isItemEmpty = true;
  const list = lists.at(-1);
  if (list?.number !== undefined) list.number += 1;
  const label = list?.number === undefined ? "-" : `${list.number}.`;
  writer.prefix(listMarker(Math.max(0, lists.length - 1), label), true);
}

/** White space is that of HTML: a line end in the source is a space. */
function writeText(chapter: Chapter, text: string): void {
  if (chapter.skippedDepth > 0) return;
  if (chapter.hiddenDepth > 0) chapter.hiddenCharacters += text.trim().length;
  else {
    if (text.trim() !== "") chapter.isItemEmpty = false;
    chapter.writer.text(text.replace(/\s+/g, " "));
  }
}

function closeElement(chapter: Chapter, name: string): void {
  const { writer, lists } = chapter;
  const isLeftOut = chapter.skippedDepth > 0 || chapter.hiddenDepth > 0;
  chapter.skippedDepth = Math.max(0, chapter.skippedDepth - 1);
  chapter.hiddenDepth = Math.max(0, chapter.hiddenDepth - 1);
  if (isLeftOut) return;
  if (headings.has(name) || blocks.has(name)) {
    writer.endParagraph();
    chapter.isItemEmpty = false;
  }
  if (name === "ul" || name === "ol") lists.pop();
  tableClosers[name]?.(writer);
}

const tableOpeners: Readonly<Record<string, ((writer: DocumentWriter) => void) | undefined>> = {
  table: (writer) => writer.beginTable(),
  tr: (writer) => writer.beginRow(),
  td: (writer) => writer.beginCell(),
  th: (writer) => writer.beginCell(),
};

const tableClosers: typeof tableOpeners = {
  table: (writer) => writer.endTable(),
  tr: (writer) => writer.endRow(),
  td: (writer) => writer.endCell(),
  th: (writer) => writer.endCell(),
};
