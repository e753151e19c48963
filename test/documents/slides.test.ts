/** PPTX files (ECMA-376 part 1, section 19). */
import { expect, test } from "bun:test";
import { readDocument } from "../../src/documents/read-document.ts";
import { relations, zip } from "../support/documents.ts";

const a = (text: string, properties = "") => `<a:p>${properties}<a:r><a:rPr/><a:t>${text}</a:t></a:r></a:p>`;
const shape = (body: string, placeholder = "") =>
  `<p:sp><p:nvSpPr><p:nvPr>${placeholder}</p:nvPr></p:nvSpPr><p:txBody>${body}</p:txBody></p:sp>`;
const deck = (slide: string, parts: Record<string, string> = {}) =>
  readDocument(
    zip({
      "ppt/presentation.xml":
        '<p:presentation><p:sldIdLst><p:sldId id="256" r:id="rId2"/></p:sldIdLst></p:presentation>',
      "ppt/_rels/presentation.xml.rels": relations({ rId2: ["slide", "slides/slide1.xml"] }),
      "ppt/slides/slide1.xml": slide,
      ...parts,
    }),
  );

test("tells titles, list items and plain paragraphs apart, and leaves out slide numbers", async () => {
  const body = shape(
    a("First") + a("Deeper", '<a:pPr lvl="1"/>') + a("Plain", "<a:pPr><a:buNone/></a:pPr>"),
    '<p:ph idx="1"/>',
  );
  const slide = `<p:sld>${shape(a("Plan"), '<p:ph type="ctrTitle"/>')}${body}${shape(a("Aside"))}${shape(a("7"), '<p:ph type="sldNum"/>')}</p:sld>`;
  expect((await deck(slide)).text).toBe("## Slide 1\n\n### Plan\n\n- First\n  - Deeper\n\nPlain\n\nAside");
});

test("reads what belongs to a slide: links, diagrams, charts, comments and notes, and marks a hidden one", async () => {
  const link = '<a:p><a:r><a:rPr><a:hlinkClick r:id="rId1"/></a:rPr><a:t>here</a:t></a:r></a:p>';
  const { text, notes } = await deck(`<p:sld show="0">${shape(link)}</p:sld>`, {
    "ppt/slides/_rels/slide1.xml.rels": relations({
      rId1: ["hyperlink", "https://a.example/"],
      rId2: ["chart", "../charts/chart1.xml"],
      rId3: ["diagramData", "../diagrams/data1.xml"],
      rId4: ["comments", "../comments/comment1.xml"],
      rId5: ["notesSlide", "../notesSlides/notesSlide1.xml"],
    }),
    "ppt/charts/chart1.xml":
      "<c:chart><c:title><a:t>Sales</a:t></c:title><c:pt><c:v>East</c:v></c:pt><c:pt><c:v>19.2</c:v></c:pt></c:chart>",
    "ppt/diagrams/data1.xml": `<dgm:dataModel><dgm:pt><dgm:t>${a("Idea")}</dgm:t></dgm:pt><dgm:pt><dgm:t>${a("Deed")}</dgm:t></dgm:pt></dgm:dataModel>`,
    "ppt/comments/comment1.xml": "<p:cmLst><p:cm><p:text>Tom &amp; I agree</p:text></p:cm></p:cmLst>",
    "ppt/notesSlides/notesSlide1.xml": `<p:notes>${shape(a("Say hello") + a("Smile"), '<p:ph type="body"/>')}${shape(a("1"), '<p:ph type="sldNum"/>')}</p:notes>`,
    "ppt/media/image1.png": "x",
  });
  expect(text).toBe(
    "## Slide 1 (hidden)\n\n[here](https://a.example/)\n\nIdea\n\nDeed\n\n[chart: Sales, East, 19.2]\n\n[comment: Tom & I agree]\n\nNotes: Say hello Smile",
  );
  expect(notes).toEqual(["The file contains 1 picture, which is not shown here."]);
});
