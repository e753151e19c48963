/** PPTX (ECMA-376 part 1, section 19): the text of each slide, with speaker notes, charts and comments. */
import { type DocumentText, toNotes } from "../document-text.ts";
import { type Relationship, readRelationships, targetsById } from "../relationships.ts";
import { walkXml, type Xml } from "../xml.ts";
import type { ZipArchive } from "../zip-archive.ts";
import { readSlide } from "./slide.ts";

const maxTextsPerChart = 500;

/** `part`: the member name of the presentation. Throws when a part is damaged. */
export function readPresentation(archive: ZipArchive, part: string): DocumentText {
  const slides = listSlides(archive, part).map((slide, at) => readSlideWithRelated(archive, slide, at + 1));
  return {
    text: slides.map(({ text }) => text).join("\n\n"),
    notes: toNotes({
      pictures: archive.members.filter(({ name }) => name.startsWith("ppt/media/")).length,
      isCut: slides.some(({ isCut }) => isCut),
    }),
  };
}

/** Returns the member names of the slides in their order; without a list of slides, in the order of their numbers. */
function listSlides(archive: ZipArchive, part: string): string[] {
  const targets = targetsById(readRelationships(archive, part));
  const slides: string[] = [];
  walkXml(archive.xml(part), {
    open(name, attributes) {
      // Without prefixes, id and r:id have the same name, and the last one wins: PowerPoint writes r:id last.
      const target = name === "sldId" ? targets.get(attributes.id ?? "") : undefined;
      if (target) slides.push(target);
    },
  });
  if (slides.length > 0) return slides;
  const numberOf = (name: string) => Number(/(?<!\d)(\d+)\.xml$/.exec(name)?.[1] ?? 0);
  return archive.members
    .map(({ name }) => name)
    .filter((name) => /^ppt\/slides\/[^/]+\.xml$/.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b));
}

/** Reads a slide, then its diagrams, charts, comments and speaker notes. */
function readSlideWithRelated(archive: ZipArchive, part: string, number: number) {
  const relationships = readRelationships(archive, part);
  const { text, isHidden, isCut } = readSlide(archive.xml(part), { links: linksOf(relationships) });
  const related = (kind: string) =>
    relationships.filter((one) => one.kind === kind).map(({ target }) => archive.xml(target));
  const blocks = [
    `## Slide ${number}${isHidden ? " (hidden)" : ""}`,
    text,
    ...related("diagramData").map((xml) => readSlide(xml).text),
    ...related("chart").map((xml) => `[chart: ${textsOf(xml, "t", "v").join(", ")}]`),
    ...related("comments").map((xml) => `[comment: ${inOneLine(textsOf(xml, "t", "text").join(" / "))}]`),
    ...related("notesSlide")
      .map((xml) => inOneLine(readSlide(xml, { isNotes: true }).text))
      .map((notes) => (notes ? `Notes: ${notes}` : "")),
  ];
  return { text: blocks.filter((block) => block !== "").join("\n\n"), isCut };
}

const linksOf = (relationships: readonly Relationship[]) =>
  targetsById(relationships.filter(({ kind }) => kind === "hyperlink"));

const inOneLine = (text: string) => text.replace(/\s+/g, (space) => (space.includes("\n") ? " " : space));

/** Returns the texts of the elements with these names, such as the labels and values of a chart. */
function textsOf(xml: Xml, ...names: string[]): string[] {
  const texts: string[] = [];
  let isReading = false;
  walkXml(xml, {
    open(name) {
      isReading = names.includes(name);
      if (isReading) texts.push("");
    },
    text(text) {
      if (isReading && texts.length <= maxTextsPerChart) texts.push((texts.pop() ?? "") + text);
    },
    close() {
      isReading = false;
    },
  });
  return texts
    .slice(0, maxTextsPerChart)
    .map((text) => text.trim())
    .filter((text) => text !== "");
}
