/** PPTX (ECMA-376 part 1, section 19): each slide's text in order, with the speaker's notes. */
import type { Archive } from "./archive.ts";
import type { DocumentText } from "./document.ts";
import { createFlow } from "./flow.ts";
import { walkXml } from "./xml.ts";

export const isSlidePart = (name: string) =>
  /^ppt\/(slides|notesSlides)\/[^/]+\.xml$|^ppt\/(_rels\/presentation\.xml\.rels|presentation\.xml)$|^ppt\/slides\/_rels\/[^/]+\.rels$/.test(
    name,
  );

export function readSlides(archive: Archive): DocumentText {
  const slides = inOrder(archive).map((path, at) => {
    const notes = notesOf(archive, path);
    return [`## Slide ${at + 1}`, readText(archive.text(path)), notes ? `Notes: ${notes}` : ""]
      .filter((part) => part !== "")
      .join("\n\n");
  });
  return { text: slides.join("\n\n"), notes: [] };
}

function inOrder(archive: Archive): string[] {
  const targets = relations(archive.text("ppt/_rels/presentation.xml.rels"), "ppt/");
  const paths: string[] = [];
  walkXml(archive.text("ppt/presentation.xml"), {
    open(name, attributes) {
      // r:id and id meet in one name; the relation's is the one that has a target.
      const target = name === "sldId" ? targets.get(attributes.id ?? "") : undefined;
      if (target) paths.push(target);
    },
  });
  if (paths.length > 0) return paths;
  const number = (path: string) => Number(/(\d+)\.xml$/.exec(path)?.[1] ?? 0);
  return archive.names
    .filter((name) => /^ppt\/slides\/[^/]+\.xml$/.test(name))
    .sort((a, b) => number(a) - number(b));
}

function relations(xml: string, base: string): Map<string, string> {
  const targets = new Map<string, string>();
  walkXml(xml, {
    open(name, { Id = "", Target = "" }) {
      if (name === "Relationship")
        targets.set(Id, Target.startsWith("/") ? Target.slice(1) : `${base}${Target}`);
    },
  });
  return targets;
}

function notesOf(archive: Archive, slide: string): string {
  const rels = slide.replace(/^ppt\/slides\/(.*)$/, "ppt/slides/_rels/$1.rels");
  for (const target of relations(archive.text(rels), "ppt/slides/").values()) {
    const name = target.replace("ppt/slides/../", "ppt/");
    if (name.startsWith("ppt/notesSlides/")) return readText(archive.text(name)).replace(/\s*\n\s*/g, " ");
  }
  return "";
}

function readText(xml: string): string {
  const flow = createFlow();
  let inText = false;
  walkXml(xml, {
    open(name) {
      if (name === "t") inText = true;
      else if (name === "br") flow.text("\n");
      else if (name === "tbl") flow.openTable();
      else if (name === "tr") flow.openRow();
      else if (name === "tc") flow.openCell();
    },
    text(text) {
      if (inText) flow.text(text);
    },
    close(name) {
      if (name === "t") inText = false;
      else if (name === "p") flow.endParagraph();
      else if (name === "tc") flow.closeCell();
      else if (name === "tbl") flow.closeTable();
    },
  });
  return flow.finish();
}
