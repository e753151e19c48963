/** DOCX (ECMA-376 part 1, section 17): paragraphs, headings, lists, tables and footnotes. */
import type { Archive } from "./archive.ts";
import type { DocumentText } from "./document.ts";
import { createFlow } from "./flow.ts";
import { walkXml } from "./xml.ts";

export const isWordPart = (name: string) => /^word\/(document|footnotes|endnotes)\.xml$/.test(name);

export function readWord(archive: Archive): DocumentText {
  const parts = ["word/document.xml", "word/footnotes.xml", "word/endnotes.xml"]
    .map((name) => readPart(archive.text(name)))
    .filter((text) => text !== "");
  return { text: parts.join("\n\n---\n\n"), notes: [] };
}

function readPart(xml: string): string {
  const flow = createFlow();
  let inText = 0;
  walkXml(xml, {
    open(name, attributes) {
      if (name === "t") inText += 1;
      else if (name === "tab") flow.text("\t");
      else if (name === "br" || name === "cr") flow.text("\n");
      else if (name === "pStyle") {
        const level = /^heading\s?([1-6])$/i.exec(attributes.val ?? "")?.[1];
        if (level) flow.mark(`${"#".repeat(Number(level))} `);
        else if (/^title$/i.test(attributes.val ?? "")) flow.mark("# ");
      } else if (name === "numPr") flow.mark("- ");
      else if (name === "tbl") flow.openTable();
      else if (name === "tr") flow.openRow();
      else if (name === "tc") flow.openCell();
    },
    text(text) {
      if (inText > 0) flow.text(text);
    },
    close(name) {
      if (name === "t") inText -= 1;
      else if (name === "p") flow.endParagraph();
      else if (name === "tc") flow.closeCell();
      else if (name === "tbl") flow.closeTable();
    },
  });
  return flow.finish();
}
