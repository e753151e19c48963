/** XLSX (ECMA-376 part 1, section 18): the cells of every sheet as Excel shows them. */
import { type DocumentText, maxTextCharacters, toNotes } from "../document-text.ts";
import { readRelationships, targetsById } from "../relationships.ts";
import { walkXml, type Xml } from "../xml.ts";
import type { ZipArchive } from "../zip-archive.ts";
import { readSheet, type Workbook } from "./cells.ts";
import { readNumberFormats } from "./number-format.ts";
import { maxColumns } from "./rows.ts";

const workbookPart = "xl/workbook.xml";

/** Throws when a part is damaged. */
export function readWorkbook(archive: ZipArchive): DocumentText {
  const { sheets, isFrom1904 } = readSheetList(archive);
  const workbook: Workbook = {
    strings: readSharedStrings(archive.xml("xl/sharedStrings.xml")),
    formats: readNumberFormats(archive.xml("xl/styles.xml")),
    isFrom1904,
  };
  const texts: string[] = [];
  let remainingCharacters = maxTextCharacters;
  let hasCutRows = false;
  for (const { name, part } of sheets) {
    if (remainingCharacters <= 0) {
      texts.push(`## ${name}\n\n(not read)`);
      continue;
    }
    const sheet = readSheet(archive, part, workbook, remainingCharacters);
    remainingCharacters = sheet.remainingCharacters;
    hasCutRows ||= sheet.hasCutRows;
    const placeholder = part.includes("chartsheets/") ? "(a chart)" : "(empty)";
    texts.push(`## ${name}\n\n${sheet.lines.join("\n") || placeholder}`);
  }
  const notes = toNotes({
    pictures: archive.members.filter(({ name }) => name.startsWith("xl/media/")).length,
    isCut: remainingCharacters <= 0,
  });
  if (hasCutRows) notes.push(`Only the first ${maxColumns} columns of each row were read.`);
  return { text: texts.join("\n\n"), notes };
}

/** Lists the sheets in their order; `isFrom1904` is true when days are counted from 1904 (section 18.2.28). */
function readSheetList(archive: ZipArchive) {
  const targets = targetsById(readRelationships(archive, workbookPart));
  const sheets: { name: string; part: string }[] = [];
  let isFrom1904 = false;
  walkXml(archive.xml(workbookPart), {
    open(name, { name: title = "", id = "", state = "", date1904 = "" }) {
      const part = targets.get(id);
      if (name === "workbookPr") isFrom1904 = date1904 === "1" || date1904 === "true";
      // "hidden", or "veryHidden", which Excel's own menu does not offer to show.
      else if (name === "sheet" && part)
        sheets.push({ name: `${title}${/hidden/i.test(state) ? " (hidden)" : ""}`, part });
    },
  });
  return { sheets, isFrom1904 };
}

/** Reads the shared string table (section 18.4) without its phonetic hints. */
function readSharedStrings(xml: Xml): string[] {
  const strings: string[] = [];
  let text = "";
  let isInText = false;
  let isPhonetic = false;
  walkXml(xml, {
    open(name) {
      if (name === "si") text = "";
      else if (name === "rPh") isPhonetic = true;
      else if (name === "t") isInText = true;
    },
    text(piece) {
      if (isInText && !isPhonetic) text += piece;
    },
    close(name) {
      if (name === "si") strings.push(text);
      else if (name === "rPh") isPhonetic = false;
      else if (name === "t") isInText = false;
    },
  });
  return strings;
}
