/** DOCX files (ECMA-376 part 1, section 17): their text, and the marks for what is not plain text. */
import { expect, test } from "bun:test";
import { readDocument } from "../../src/documents/read-document.ts";
import { docxOf, relations, zip } from "../support/documents.ts";

const p = (runs: string, properties = "") =>
  `<w:p>${properties && `<w:pPr>${properties}</w:pPr>`}${runs}</w:p>`;
const r = (text: string, properties = "") =>
  `<w:r>${properties && `<w:rPr>${properties}</w:rPr>`}<w:t xml:space="preserve">${text}</w:t></w:r>`;
const read = (body: string, parts?: Record<string, string>) => readDocument(docxOf(body, parts));
const numbered = (text: string, level = 0, list = 1) =>
  p(r(text), `<w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="${list}"/></w:numPr>`);

const level = (at: number, format: string, text: string) =>
  `<w:lvl w:ilvl="${at}"><w:start w:val="1"/><w:numFmt w:val="${format}"/><w:lvlText w:val="${text}"/></w:lvl>`;
const numbering = {
  "word/numbering.xml": `<w:numbering><w:abstractNum w:abstractNumId="0">${level(0, "decimal", "%1.")}${level(1, "lowerLetter", "%1.%2)")}${level(2, "upperRoman", "(%3)")}</w:abstractNum><w:abstractNum w:abstractNumId="1">${level(0, "bullet", "·")}</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num></w:numbering>`,
};

test("section 17.9: numbers list items, whose numbers are not in the text", async () => {
  const items = [
    numbered("One"),
    numbered("Two"),
    numbered("Two a", 1),
    numbered("Deep", 2),
    numbered("Two b", 1),
    p(r("Between")),
    numbered("Three"),
    numbered("Point", 0, 2),
    numbered("Anew", 0, 3),
    numbered("Anew, too", 0, 3),
  ];
  expect((await read(items.join(""), numbering)).text).toBe(
    "1. One\n2. Two\n  2.a) Two a\n    (I) Deep\n  2.b) Two b\n\nBetween\n\n3. Three\n- Point\n1. Anew\n2. Anew, too",
  );
});

test("section 17.7: recognizes headings by the English name of their style, whatever its id, and numbers them", async () => {
  const styles =
    '<w:styles><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style><w:style w:styleId="Eigene"><w:name w:val="Eigene"/><w:basedOn w:val="berschrift1"/></w:style></w:styles>';
  const body = p(r("Scope"), '<w:pStyle w:val="berschrift1"/>') + p(r("Terms"), '<w:pStyle w:val="Eigene"/>');
  expect((await read(body, { ...numbering, "word/styles.xml": styles })).text).toBe(
    "# 1. Scope\n\n# 2. Terms",
  );
});

test("section 17.13.5: marks insertions and deletions with their authors, each change once", async () => {
  const body = p(
    `${r("Pay ")}<w:del w:author="Ann"><w:r><w:delText>90</w:delText></w:r></w:del><w:ins w:author="Ann">${r("1")}</w:ins><w:ins w:author="Ann">${r("20")}</w:ins>${r(" euros")}`,
  );
  expect((await read(body)).text).toBe("Pay [deleted by Ann: 90][inserted by Ann: 120] euros");
});

test("writes comments at their place, and numbers notes in the order of their references", async () => {
  const body = p(
    `${r("Rent")}<w:r><w:commentReference w:id="4"/></w:r><w:r><w:footnoteReference w:id="7"/></w:r>${r(" and more")}<w:r><w:footnoteReference w:id="2"/></w:r>`,
  );
  const { text } = await read(body, {
    "word/comments.xml": `<w:comments><w:comment w:id="4" w:author="Ben">${p(r("Too high?"))}${p(r("Ask."))}</w:comment></w:comments>`,
    "word/footnotes.xml": `<w:footnotes><w:footnote w:type="separator" w:id="-1">${p("")}</w:footnote><w:footnote w:id="2">${p(r("Heating."))}</w:footnote><w:footnote w:id="7">${p(r("Monthly."))}</w:footnote></w:footnotes>`,
  });
  expect(text).toBe(
    "Rent[comment by Ben: Too high? / Ask.][^1] and more[^2]\n\n[^1]: Monthly.\n[^2]: Heating.",
  );
});

test("leaves out hidden runs, and counts their characters", async () => {
  const shown = p(`${r("Seen")}${r("unseen words", "<w:vanish/>")}${r(" again", '<w:vanish w:val="0"/>')}`);
  const sign = p(r(" too"), "<w:rPr><w:vanish/></w:rPr>");
  const { text, notes } = await read(shown + sign);
  expect(text).toBe("Seen again\n\ntoo");
  expect(notes).toEqual(["Hidden text was left out: 12 characters."]);
});

test("reads a text box once, although the file has it twice, and writes it after its paragraph", async () => {
  const box = `<w:txbxContent>${p(r("In the box"))}</w:txbxContent>`;
  const drawn = `<w:r><mc:AlternateContent><mc:Choice>${box}</mc:Choice><mc:Fallback>${box}</mc:Fallback></mc:AlternateContent></w:r>`;
  expect((await read(p(`${r("Before ")}${drawn}${r("after.")}`))).text).toBe("Before after.\n\nIn the box");
});

test("writes the targets of links, from elements and from fields, but not those inside the document", async () => {
  const field = (code: string, words: string) =>
    `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>${code}</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>${r(words)}<w:r><w:fldChar w:fldCharType="end"/></w:r>`;
  const body = p(
    `<w:hyperlink r:id="rId9">${r("here")}</w:hyperlink>, ${field(' HYPERLINK "https://b.example/(x)" ', "there")}, <w:hyperlink w:anchor="top">${r("up")}</w:hyperlink> ${field(" PAGE ", "3")}`,
  );
  const { text } = await read(body, {
    "word/_rels/document.xml.rels": relations({ rId9: ["hyperlink", "https://a.example/?q=1"] }),
  });
  expect(text).toBe("[here](https://a.example/?q=1)[there](https://b.example/%28x%29)up3");
});

test("reads equal headers and footers once, and counts the pictures", async () => {
  const margin = (name: string, words: string) => `<w:${name}>${p(r(words))}</w:${name}>`;
  const { text, notes } = await read(p(r("Text")), {
    "word/header1.xml": margin("hdr", "Acme Ltd"),
    "word/header2.xml": margin("hdr", "Acme Ltd"),
    "word/footer1.xml": margin("ftr", "Page 1"),
    "word/media/image1.png": "x",
    "word/_rels/document.xml.rels": relations({
      rId1: ["header", "header1.xml"],
      rId2: ["header", "header2.xml"],
      rId3: ["footer", "footer1.xml"],
    }),
  });
  expect(text).toBe("[header: Acme Ltd]\n\nText\n\n[footer: Page 1]");
  expect(notes).toEqual(["The file contains 1 picture, which is not shown here."]);
});

test("aligns columns below merged cells, and keeps the paragraphs of a cell in it", async () => {
  const cell = (text: string, properties = "") =>
    `<w:tc>${properties && `<w:tcPr>${properties}</w:tcPr>`}${text
      .split("/")
      .map((line) => p(r(line)))
      .join("")}</w:tc>`;
  const body = `<w:tbl><w:tr>${cell("Both", '<w:gridSpan w:val="2"/>')}${cell("Sum")}</w:tr><w:tr>${cell("a|b")}${cell("2/3")}${cell("5")}</w:tr></w:tbl>`;
  expect((await read(body)).text).toBe("| Both |  | Sum |\n| a\\|b | 2 / 3 | 5 |");
});

test("finds the main document under an unusual member name by its relationship", async () => {
  const file = zip({
    "_rels/.rels": relations({ rId1: ["officeDocument", "word/document2.xml"] }),
    "word/document2.xml": `<w:document><w:body>${p(r("Found"))}</w:body></w:document>`,
  });
  expect((await readDocument(file)).text).toBe("Found");
});

test("ignores elements and symbols named like a property of every object", async () => {
  const body = p(`${r("One")}<w:r><w:constructor/><w:sym w:char="toString"/><w:valueOf/></w:r>${r(" two")}`);
  expect((await read(body)).text).toBe("One two");
});
