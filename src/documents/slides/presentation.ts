/** PPTX (ECMA-376 part 1, section 19): each slide's text in order, with the speaker's notes and comments. */

import { cutNote, type DocumentText } from "../document-text.ts";
import { linkEnd, pictureNote } from "../inline-marks.ts";
import { toMark } from "../list-markers.ts";
import { createFlow } from "../markdown-writer.ts";
import { type Relation, relationsOf } from "../relationships.ts";
import { walkXml, type Xml } from "../xml.ts";
import type { Archive } from "../zip-archive.ts";

/** Of one chart. */
const maxWords = 500;

/** `path`: the member that lists the slides. */
export function readSlides(archive: Archive, path: string): DocumentText {
  let isCut = false;
  const slides = inOrder(archive, path).map((slide, at) => {
    const relations = relationsOf(archive, slide);
    const { text, hidden, ...read } = readSlide(archive.xml(slide), relations);
    isCut ||= read.isCut;
    const partsOf = (kind: string) =>
      relations.filter((one) => one.kind === kind).map(({ target }) => archive.xml(target));
    const notes = partsOf("notesSlide").map((xml) => oneLine(readSlide(xml, [], true).text));
    return [
      `## Slide ${at + 1}${hidden ? " (hidden)" : ""}`,
      text,
      ...partsOf("diagramData").map((xml) => readSlide(xml, []).text),
      ...partsOf("chart").map((xml) => `[chart: ${wordsIn(xml, "t", "v").join(", ")}]`),
      ...partsOf("comments").map((xml) => `[comment: ${oneLine(wordsIn(xml, "t", "text").join(" / "))}]`),
      ...notes.map((words) => (words ? `Notes: ${words}` : "")),
    ]
      .filter((part) => part !== "")
      .join("\n\n");
  });
  const pictures = archive.members.filter(({ name }) => name.startsWith("ppt/media/")).length;
  return { text: slides.join("\n\n"), notes: [...pictureNote(pictures), ...(isCut ? [cutNote] : [])] };
}

const oneLine = (text: string) => text.replace(/\s*\n\s*/g, " ");

function inOrder(archive: Archive, path: string): string[] {
  const targets = new Map(relationsOf(archive, path).map(({ id, target }) => [id, target]));
  const paths: string[] = [];
  walkXml(archive.xml(path), {
    open(name, attributes) {
      // r:id and id meet in one name; the relation's is the one that has a target.
      const target = name === "sldId" ? targets.get(attributes.id ?? "") : undefined;
      if (target) paths.push(target);
    },
  });
  if (paths.length > 0) return paths;
  const number = (name: string) => Number(/(\d+)\.xml$/.exec(name)?.[1] ?? 0);
  return archive.members
    .map(({ name }) => name)
    .filter((name) => /^ppt\/slides\/[^/]+\.xml$/.test(name))
    .sort((a, b) => number(a) - number(b));
}

/** What stands in every slide's corner, or in a page of notes beside the notes. */
const isOffstage = (type: string, inNotes: boolean) =>
  type === "sldNum" || (inNotes && ["dt", "hdr", "ftr", "sldImg"].includes(type));

function readSlide(xml: Xml, relations: readonly Relation[], inNotes = false) {
  const flow = createFlow();
  const links = new Map(relations.map(({ id, kind, target }) => [id, kind === "hyperlink" ? target : ""]));
  let hidden = false;
  let placeholder = "";
  let inText = false;
  let link = "";
  walkXml(xml, {
    isDone: flow.isFull,
    open(name, { id = "", type = "body", lvl = "", show = "" }) {
      if (name === "sld") hidden = show === "0" || show === "false";
      else if (name === "sp") placeholder = "";
      else if (name === "ph") placeholder = type;
      else if (name === "p" && /title$/i.test(placeholder)) flow.mark("### ");
      // The body of a slide is a list, unless it says that it is none.
      else if (name === "p" && placeholder === "body" && !inNotes) flow.mark(toMark(0, ""), true);
      else if (name === "pPr" && Number(lvl) > 0) flow.mark(toMark(Number(lvl), ""), true);
      else if (name === "buNone") flow.mark("");
      else if (name === "hlinkClick") link = links.get(id) ?? "";
      else if (name === "t") {
        inText = true;
        if (link) flow.text("[");
      } else if (name === "br") flow.text("\n");
      else if (name === "tbl") flow.openTable();
      else if (name === "tr") flow.openRow();
      else if (name === "tc") flow.openCell();
    },
    text(text) {
      if (inText && !isOffstage(placeholder, inNotes)) flow.text(text);
    },
    close(name) {
      if (name === "t") {
        inText = false;
        if (link) flow.text(linkEnd(link));
        link = "";
      } else if (name === "p" || name === "pt") flow.endParagraph();
      else if (name === "tc") flow.closeCell();
      else if (name === "tbl") flow.closeTable();
    },
  });
  return { text: flow.finish(), hidden, isCut: flow.isFull() };
}

/** What stands in elements of these names, such as a chart's words and numbers. */
function wordsIn(xml: Xml, ...names: string[]): string[] {
  const found: string[] = [];
  let reading = false;
  walkXml(xml, {
    open(name) {
      reading = names.includes(name);
      if (reading) found.push("");
    },
    text(text) {
      if (reading && found.length <= maxWords) found.push((found.pop() ?? "") + text);
    },
    close() {
      reading = false;
    },
  });
  return found
    .slice(0, maxWords)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== "");
}
