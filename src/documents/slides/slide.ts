/** The text of one slide, page of notes or diagram of a PPTX file (ECMA-376 part 1, sections 19.3 and 21.1). */
import { createDocumentWriter } from "../document-writer.ts";
import { toLinkEnd } from "../inline-marks.ts";
import { listMarker } from "../list-markers.ts";
import { walkXml, type Xml } from "../xml.ts";

type SlideText = { text: string; isHidden: boolean; isCut: boolean };

/** `links`: targets by relationship id. Throws when the XML is damaged. */
export function readSlide(
  xml: Xml,
  {
    links = new Map<string, string>(),
    isNotes = false,
  }: { links?: ReadonlyMap<string, string>; isNotes?: boolean } = {},
): SlideText {
  const writer = createDocumentWriter();
  let isHidden = false;
  let placeholder = "";
  let isInText = false;
  let link = "";
  walkXml(xml, {
    isDone: writer.isFull,
    open(name, { id = "", type = "body", lvl = "", show = "" }) {
      if (name === "sld") isHidden = show === "0" || show === "false";
      else if (name === "sp") placeholder = "";
      else if (name === "ph") placeholder = type;
      else if (name === "p" && /title$/i.test(placeholder)) writer.prefix("### ");
      // Paragraphs in the body of a slide are list items by default.
      else if (name === "p" && placeholder === "body" && !isNotes) writer.prefix(listMarker(0, ""), true);
      else if (name === "pPr" && Number(lvl) > 0) writer.prefix(listMarker(Number(lvl), ""), true);
      else if (name === "buNone") writer.prefix("");
      else if (name === "hlinkClick") link = links.get(id) ?? "";
      else if (name === "t") {
        isInText = true;
        if (link) writer.text("[");
      } else if (name === "br") writer.text("\n");
      else if (name === "tbl") writer.beginTable();
      else if (name === "tr") writer.beginRow();
      else if (name === "tc") writer.beginCell();
    },
    text(text) {
      if (isInText && !isSkippedPlaceholder(placeholder, isNotes)) writer.text(text);
    },
    close(name) {
      if (name === "t") {
        isInText = false;
        if (link) writer.text(toLinkEnd(link));
        link = "";
      } else if (name === "p" || name === "pt") writer.endParagraph();
      else if (name === "tc") writer.endCell();
      else if (name === "tbl") writer.endTable();
    },
  });
  return { text: writer.finish(), isHidden, isCut: writer.isFull() };
}

/** Slide numbers everywhere, and on a page of notes the date, header, footer and image of the slide. */
const isSkippedPlaceholder = (type: string, isNotes: boolean) =>
  type === "sldNum" || (isNotes && ["dt", "hdr", "ftr", "sldImg"].includes(type));
