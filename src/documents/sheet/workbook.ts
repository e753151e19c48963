/** XLSX (ECMA-376 part 1, section 18): every sheet's cells as they are shown, with what hangs on them. */

import { cutNote, type DocumentText, maxTextCharacters } from "../document-text.ts";
import { pictureNote } from "../inline-marks.ts";
import { relationsOf } from "../relationships.ts";
import { walkXml, type Xml } from "../xml.ts";
import type { Archive } from "../zip-archive.ts";
import { type Book, maxColumns, readCells } from "./cells.ts";
import { readFormats } from "./number-format.ts";

export function readSheets(archive: Archive): DocumentText {
  const { sheets, isFrom1904 } = sheetsOf(archive);
  const book: Book = {
    strings: readStrings(archive.xml("xl/sharedStrings.xml")),
    formats: readFormats(archive.xml("xl/styles.xml")),
    isFrom1904,
    left: maxTextCharacters,
    cutColumns: false,
  };
  const texts = sheets.map(({ name, path }) => {
    if (book.left <= 0) return `## ${name}\n\n(not read)`;
    const rows = readCells(archive, path, book);
    return `## ${name}\n\n${rows.join("\n") || (path.includes("chartsheets/") ? "(a chart)" : "(empty)")}`;
  });
  const pictures = archive.members.filter(({ name }) => name.startsWith("xl/media/")).length;
  const notes = [
    ...pictureNote(pictures),
    ...(book.left <= 0 ? [cutNote] : []),
    ...(book.cutColumns ? [`Of each row only the first ${maxColumns} columns were read.`] : []),
  ];
  return { text: texts.join("\n\n"), notes };
}

function sheetsOf(archive: Archive) {
  const targets = new Map(relationsOf(archive, "xl/workbook.xml").map(({ id, target }) => [id, target]));
  const sheets: { name: string; path: string }[] = [];
  let isFrom1904 = false;
  walkXml(archive.xml("xl/workbook.xml"), {
    open(name, { name: title = "", id = "", state = "", date1904 = "" }) {
      const path = targets.get(id);
      if (name === "workbookPr") isFrom1904 = date1904 === "1" || date1904 === "true";
      // "hidden", or "veryHidden": which Excel itself does not offer to show.
      else if (name === "sheet" && path)
        sheets.push({ name: `${title}${/hidden/i.test(state) ? " (hidden)" : ""}`, path });
    },
  });
  return { sheets, isFrom1904 };
}

function readStrings(xml: Xml): string[] {
  const strings: string[] = [];
  let text = "";
  let inText = false;
  let phonetic = false;
  walkXml(xml, {
    open(name) {
      if (name === "si") text = "";
      else if (name === "rPh") phonetic = true;
      else if (name === "t") inText = true;
    },
    text(piece) {
      if (inText && !phonetic) text += piece;
    },
    close(name) {
      if (name === "si") strings.push(text);
      else if (name === "rPh") phonetic = false;
      else if (name === "t") inText = false;
    },
  });
  return strings;
}
