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

function toMarginBlocks(margins: OdfText["margins"], kind: "header" | "footer"): string[] {
  const texts = new Set(margins.filter((margin) => margin.kind === kind).map(({ text }) => text));
  return [...texts].filter((text) => text !== "").map((text) => `[${kind}: ${text}]`);
}
