/** ODT, ODS and ODP (ISO/IEC 26300): paragraphs, headings, lists, tables, slides. */
import type { Archive } from "./archive.ts";
import type { DocumentText } from "./document.ts";
import { createFlow } from "./flow.ts";
import { walkXml } from "./xml.ts";

export const isOpenDocumentPart = (name: string) => name === "content.xml" || name === "mimetype";

/** A sheet may say that a cell or row repeats a million times; it is shown this often. */
const maxRepeats = 20;

export function readOpenDocument(archive: Archive): DocumentText {
  const flow = createFlow();
  let inText = 0;
  let skipping = 0;
  let repeats = 1;
  walkXml(archive.text("content.xml"), {
    open(name, attributes) {
      if (name === "annotation" || name === "tracked-changes" || name === "automatic-styles") skipping += 1;
      else if (name === "p" || name === "h") {
        inText += 1;
        if (name === "h") flow.mark(`${"#".repeat(Math.min(6, Number(attributes["outline-level"]) || 1))} `);
      } else if (name === "list-item") flow.mark("- ");
      else if (name === "s") flow.text(" ".repeat(Math.min(80, Number(attributes.c) || 1)));
      else if (name === "tab") flow.text("\t");
      else if (name === "line-break") flow.text("\n");
      else if (name === "page" || name === "table") {
        flow.endParagraph();
        if (attributes.name) {
          flow.mark("## ");
          flow.text(attributes.name);
          flow.endParagraph();
        }
        if (name === "table") flow.openTable();
      } else if (name === "table-row") flow.openRow();
      else if (name === "table-cell" || name === "covered-table-cell") {
        repeats = Math.min(maxRepeats, Number(attributes["number-columns-repeated"]) || 1);
        flow.openCell();
      }
    },
    text(text) {
      if (inText > 0 && skipping === 0) flow.text(text);
    },
    close(name) {
      if (name === "annotation" || name === "tracked-changes" || name === "automatic-styles") skipping -= 1;
      else if (name === "p" || name === "h") {
        inText -= 1;
        flow.endParagraph();
      } else if (name === "table-cell" || name === "covered-table-cell") {
        flow.closeCell();
        for (let again = 1; again < repeats && repeats < maxRepeats; again += 1) {
          flow.openCell();
          flow.closeCell();
        }
        repeats = 1;
      } else if (name === "table") flow.closeTable();
    },
  });
  return { text: flow.finish(), notes: [] };
}
