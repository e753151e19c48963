/** OpenDocument files (OpenDocument 1.3 part 3): their text, and the marks for what is not plain text. */
import { expect, test } from "bun:test";
import { readDocument } from "../../src/documents/read-document.ts";
import { openDocument, zip } from "../support/documents.ts";

const read = (kind: string, body: string, more?: { styles?: string; common?: string }) =>
  readDocument(openDocument(kind, body, more));
const p = (text: string) => `<text:p>${text}</text:p>`;

test("section 5.3: numbers list items, and continues a list after other text where it says so", async () => {
  const styles =
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/><text:list-level-style-number text:level="2" style:num-format="A" style:num-suffix=")" text:display-levels="2"/></text:list-style>';
  const list = (items: string, more = "") => `<text:list text:style-name="L" ${more}>${items}</text:list>`;
  const item = (text: string, inner = "") =>
    `<text:list-item>${p(text)}${inner && `<text:list>${inner}</text:list>`}</text:list-item>`;
  const body =
    list(item("One") + item("Two", item("Two A") + item("Two B"))) +
    p("Between") +
    list(item("Three"), 'text:continue-numbering="true"') +
    p("Other") +
    list(item("Anew"));
  expect((await read("text", body, { styles })).text).toBe(
    "1. One\n2. Two\n  2.A) Two A\n  2.B) Two B\n\nBetween\n\n3. Three\n\nOther\n\n1. Anew",
  );
});

test("keeps a paragraph together around its notes, text boxes and comments", async () => {
  const note = `<text:note><text:note-citation>1</text:note-citation><text:note-body>${p("Monthly.")}</text:note-body></text:note>`;
  const comment = `<office:annotation><dc:creator>Ben</dc:creator><dc:date>2024-01-05</dc:date>${p("Too high?")}</office:annotation>`;
  const box = `<draw:frame><draw:text-box>${p("In the box")}</draw:text-box></draw:frame>`;
  const link = '<text:a xlink:href="https://a.example/">here</text:a>';
  expect((await read("text", p(`Rent${note} and ${box}more${comment}, ${link}.`))).text).toBe(
    "Rent[^1] and more[comment by Ben: Too high?], [here](https://a.example/).\n\nIn the box\n\n[^1]: Monthly.",
  );
});

test("section 5.5: marks insertions and deletions with their authors", async () => {
  const info = "<office:change-info><dc:creator>Ann</dc:creator><dc:date>2024</dc:date></office:change-info>";
  const changes = `<text:tracked-changes><text:changed-region text:id="c1"><text:deletion>${info}${p("90")}</text:deletion></text:changed-region><text:changed-region text:id="c2"><text:insertion>${info}</text:insertion></text:changed-region></text:tracked-changes>`;
  const body = `${changes}${p('Pay <text:change text:change-id="c1"/><text:change-start text:change-id="c2"/>120<text:change-end text:change-id="c2"/> euros')}`;
  expect((await read("text", body)).text).toBe("Pay [deleted by Ann: 90][inserted by Ann: 120] euros");
});

test("leaves out hidden spans and sections, and counts their characters", async () => {
  const styles =
    '<style:style style:name="H"><style:text-properties text:display="none"/></style:style><style:style style:name="S"><style:text-properties fo:color="#000"/></style:style>';
  const body = `${p('Seen <text:span text:style-name="H">unseen</text:span><text:span text:style-name="S">too</text:span>')}<text:section text:display="none">${p("gone")}</text:section>`;
  const { text, notes } = await read("text", body, { styles });
  expect(text).toBe("Seen too");
  expect(notes).toEqual(["Hidden text was left out: 10 characters."]);
});

test("reads the headers and footers of a text document", async () => {
  const common = `<office:master-styles><style:master-page><style:header>${p("Acme Ltd")}</style:header><style:footer>${p("Page 1")}</style:footer></style:master-page></office:master-styles>`;
  expect((await read("text", p("Text"), { common })).text).toBe(
    "[header: Acme Ltd]\n\nText\n\n[footer: Page 1]",
  );
});

test("section 9: writes repeated rows and cells of a sheet, and marks hidden ones", async () => {
  const styles = '<style:style style:name="T2"><style:table-properties table:display="false"/></style:style>';
  const cell = (text: string, more = "") => `<table:table-cell ${more}>${text && p(text)}</table:table-cell>`;
  const row = (cells: string, more = "") => `<table:table-row ${more}>${cells}</table:table-row>`;
  const far = cell("", 'table:number-columns-repeated="3"') + cell("far");
  const body = `<table:table table:name="Sums"><table:table-column table:number-columns-repeated="2"/><table:table-column table:visibility="collapse"/>
${row(cell("a", 'table:number-columns-repeated="2"') + far)}${row(cell("7"), 'table:number-rows-repeated="3"')}${row(cell("8"), 'table:visibility="filter"')}${row(cell("", 'table:number-columns-repeated="16384"'), 'table:number-rows-repeated="1048000"')}</table:table>
<table:table table:name="Old" table:style-name="T2">${row(cell("9") + cell(""))}</table:table>`;
  expect((await read("spreadsheet", body, { styles })).text).toBe(
    "## Sums\n\n| a | a |  |  |  | far |\n| 7 |\n| 7 |\n| 7 |\n| 8 | (hidden row) |\n\n(hidden columns: C)\n\n## Old (hidden)\n\n| 9 |",
  );
});

test("reads a sheet that repeats long text a million times up to the limit of characters", async () => {
  const body = `<table:table table:name="x">${`<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16384">${p("word ".repeat(1_000))}</table:table-cell></table:table-row>`.repeat(20)}</table:table>`;
  const { text, notes } = await read("spreadsheet", body);
  expect(text.length).toBeLessThanOrEqual(2_000_000);
  expect(notes.join()).toContain("Only the first 2000000 characters were read");
});

test("marks a hidden slide, and reads the speaker notes", async () => {
  const styles =
    '<style:style style:name="h"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>';
  const box = (text: string) => `<draw:frame><draw:text-box>${p(text)}</draw:text-box></draw:frame>`;
  const body = `<draw:page draw:name="page1">${box("Welcome")}<presentation:notes>${box("Smile")}</presentation:notes></draw:page><draw:page draw:style-name="h">${box("Secret")}</draw:page>`;
  expect((await read("presentation", body, { styles })).text).toBe(
    "## Slide 1\n\nWelcome\n\nNotes: Smile\n\n## Slide 2 (hidden)\n\nSecret",
  );
});

test("says that a password protects the document", async () => {
  const file = zip({
    mimetype: "application/vnd.oasis.opendocument.text",
    "content.xml": "\u0001\u0002",
    "META-INF/manifest.xml": "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>",
  });
  expect(await readDocument(file)).toEqual({
    text: "",
    notes: ["The document is protected by a password."],
  });
});
