/** ODT, ODS and ODP (OpenDocument 1.3): the text with its headers, footers, notes, comments and tracked changes. */
import { type DocumentText, toNotes } from "../document-text.ts";
import type { ZipArchive } from "../zip-archive.ts";
import { readOdfStyles } from "./styles.ts";
import { type OdfText, readOdfText } from "./text.ts";

/** Throws when a part is damaged. */
export function readOpenDocument(archive: ZipArchive): DocumentText {
  const styles = readOdfStyles([archive.xml("styles.xml"), archive.xml("content.xml")]);
  const content = readOdfText(archive.xml("content.xml"), styles);
  // Headers of spreadsheets hold the sheet's name; master pages of presentations hold placeholder texts.
  const isTextDocument = archive.text("mimetype").includes("opendocument.text");
  const { margins } = readOdfText(isTextDocument ? archive.xml("styles.xml") : "", styles);
  const blocks = [
    ...toMarginBlocks(margins, "header"),
    content.text,
    content.notes.join("\n"),
    ...toMarginBlocks(margins, "footer"),
  ];
  return {
    text: blocks.filter((block) => block !== "").join("\n\n"),
    notes: toNotes({
      hiddenCharacters: content.hiddenCharacters,
      pictures: archive.members.filter(({ name }) => /^Pictures\/./.test(name)).length,
      isCut: content.isCut,
    }),
  };
}

/** Reads a document in one XML file (section 2.2.1), such as .fods and .fodt. Throws when it is damaged. */
export function readFlatOpenDocument(source: string): DocumentText {
  const isTextDocument = /<office:text\b/.test(source);
  // Pictures are written in base64 inside paragraphs. Master pages hold placeholder texts, as in `readOpenDocument`.
  const xml = source
    .replace(/<office:binary-data>[^<]*<\/office:binary-data>/g, "")
    .replace(
      isTextDocument ? "" : betweenMarks(source, "<office:master-styles", "</office:master-styles>"),
      "",
    );
  const { text, notes, margins, hiddenCharacters, isCut } = readOdfText(xml, readOdfStyles([xml]));
  const blocks = [
    ...(isTextDocument ? toMarginBlocks(margins, "header") : []),
    text,
    notes.join("\n"),
    ...(isTextDocument ? toMarginBlocks(margins, "footer") : []),
  ];
  return {
    text: blocks.filter((block) => block !== "").join("\n\n"),
    notes: toNotes({ hiddenCharacters, pictures: countOf(source, "<office:binary-data>"), isCut }),
  };
}

/** Returns the text from one mark to another, marks included; empty when one of them is missing. */
function betweenMarks(text: string, first: string, last: string): string {
  const start = text.indexOf(first);
  const end = start < 0 ? -1 : text.indexOf(last, start);
  return end < 0 ? "" : text.slice(start, end + last.length);
}

const countOf = (text: string, part: string) => text.split(part).length - 1;

function toMarginBlocks(margins: OdfText["margins"], kind: "header" | "footer"): string[] {
  const texts = new Set(margins.filter((margin) => margin.kind === kind).map(({ text }) => text));
  return [...texts].filter((text) => text !== "").map((text) => `[${kind}: ${text}]`);
}
