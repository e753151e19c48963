/** Builders of small office files and PDFs, so that the repository contains no binary fixtures. */
import { strToU8, zipSync } from "fflate";

export const zip = (members: Readonly<Record<string, string>>) =>
  Buffer.from(
    zipSync(Object.fromEntries(Object.entries(members).map(([name, text]) => [name, strToU8(text)]))),
  );

/** The relationships of an office part by id; a target with a colon is an address outside the file. */
export const relations = (targets: Readonly<Record<string, readonly [kind: string, target: string]>>) =>
  `<Relationships>${Object.entries(targets)
    .map(
      ([id, [kind, target]]) =>
        `<Relationship Id="${id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${kind}" Target="${target}"${target.includes(":") ? ' TargetMode="External"' : ""}/>`,
    )
    .join("")}</Relationships>`;

const w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';

/** A DOCX with this content of w:body, and further parts by member name. */
export const docxOf = (body: string, parts: Readonly<Record<string, string>> = {}) =>
  zip({ "word/document.xml": `<w:document ${w}><w:body>${body}</w:body></w:document>`, ...parts });

export const docx = () =>
  zip({
    "[Content_Types].xml": "<Types/>",
    "word/numbering.xml":
      '<w:numbering><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>',
    "word/document.xml": `<?xml version="1.0"?><w:document ${w}><w:body>
<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Report</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">Two </w:t></w:r><w:r><w:t>runs.</w:t></w:r><w:r><w:tab/><w:t>Tabbed</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>An item</w:t></w:r></w:p>
<w:p><w:del><w:r><w:delText>deleted words</w:delText></w:r></w:del></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Month</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Sum</w:t></w:r></w:p></w:tc></w:tr>
<w:tr><w:tc><w:p><w:r><w:t>April</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>900</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
</w:body></w:document>`,
  });

/** An XLSX with one sheet. `rows`: the content of its sheetData; `formats`: the number formats of the cell styles. */
export const xlsxOf = (
  rows: string,
  { formats = ["General"], book = "", after = "", before = "", parts = {} } = {},
) =>
  zip({
    "xl/workbook.xml": `<workbook>${book}<sheets><sheet name="Sheet" sheetId="1" state="visible" r:id="rId1"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": relations({ rId1: ["worksheet", "worksheets/sheet1.xml"] }),
    "xl/styles.xml": `<styleSheet><numFmts>${formats
      .map((code, at) => `<numFmt numFmtId="${164 + at}" formatCode="${code.replace(/"/g, "&quot;")}"/>`)
      .join(
        "",
      )}</numFmts><cellXfs>${formats.map((_, at) => `<xf numFmtId="${164 + at}"/>`).join("")}</cellXfs></styleSheet>`,
    "xl/worksheets/sheet1.xml": `<worksheet>${before}<sheetData>${rows}</sheetData>${after}</worksheet>`,
    ...parts,
  });

export const xlsx = () =>
  zip({
    "xl/workbook.xml":
      '<workbook xmlns:r="r"><sheets><sheet name="Figures" sheetId="1" r:id="rId1"/><sheet name="More" sheetId="2" state="hidden" r:id="rId2"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels":
      '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
    "xl/sharedStrings.xml":
      "<sst><si><t>Month</t></si><si><r><t>Su</t></r><r><t>m</t></r></si><si><t>April</t><rPh><t>x</t></rPh></si></sst>",
    "xl/styles.xml":
      '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>',
    "xl/worksheets/sheet1.xml":
      '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" s="1"><v>45418</v></c><c r="C2"><v>900.5</v></c><c r="D2" t="b"><v>1</v></c></row></sheetData></worksheet>',
    "xl/worksheets/sheet2.xml":
      '<worksheet><sheetData><row><c t="inlineStr"><is><t>inline</t></is></c></row></sheetData></worksheet>',
  });

const slide = (text: string) =>
  `<p:sld><p:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></p:txBody></p:sld>`;

export const pptx = () =>
  zip({
    "ppt/presentation.xml":
      '<p:presentation xmlns:r="r"><p:sldIdLst><p:sldId r:id="rId2"/><p:sldId r:id="rId1"/></p:sldIdLst></p:presentation>',
    "ppt/_rels/presentation.xml.rels": relations({
      rId1: ["slide", "slides/slide1.xml"],
      rId2: ["slide", "slides/slide2.xml"],
    }),
    "ppt/slides/slide1.xml": slide("The end"),
    "ppt/slides/slide2.xml": slide("The beginning"),
    "ppt/slides/_rels/slide2.xml.rels": relations({ rId1: ["notesSlide", "../notesSlides/notesSlide1.xml"] }),
    "ppt/notesSlides/notesSlide1.xml": slide("Say hello"),
  });

export const odt = () =>
  zip({
    mimetype: "application/vnd.oasis.opendocument.text",
    "content.xml":
      '<office:document-content><office:body><office:text><text:h text:outline-level="2">Minutes</text:h><text:p>Present:<text:s text:c="2"/>Ann<text:line-break/>Ben</text:p><text:list><text:list-item><text:p>Point one</text:p></text:list-item></text:list><table:table table:name="T"><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table></office:text></office:body></office:document-content>',
  });

/** `kind`: "text", "spreadsheet" or "presentation". `styles`: automatic styles. `common`: the content of styles.xml. */
export const openDocument = (kind: string, body: string, { styles = "", common = "" } = {}) =>
  zip({
    mimetype: `application/vnd.oasis.opendocument.${kind}`,
    "styles.xml": common,
    "content.xml": `<office:document-content><office:automatic-styles>${styles}</office:automatic-styles><office:body><office:${kind}>${body}</office:${kind}></office:body></office:document-content>`,
  });

export const archive = () => zip({ "readme.txt": "hello", "folder/data.csv": "1,2" });

/** A ZIP with a member that unpacks to `megabytes` of zero bytes. */
export const bomb = (megabytes: number) =>
  Buffer.from(zipSync({ "word/document.xml": new Uint8Array(megabytes * 1_000_000) }));

/** A PDF with these objects; the first is the catalog. */
export function pdfOf(objects: readonly (string | Buffer)[]): Buffer {
  const pieces = [Buffer.from("%PDF-1.4\n")];
  const lengthOf = () => pieces.reduce((sum, { length }) => sum + length, 0);
  const offsets = objects.map((object, at) => {
    const offset = lengthOf();
    pieces.push(Buffer.from(`${at + 1} 0 obj\n`), Buffer.from(object), Buffer.from("\nendobj\n"));
    return offset;
  });
  const start = lengthOf();
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  pieces.push(
    Buffer.from(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}`),
    Buffer.from(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`),
  );
  return Buffer.concat(pieces);
}

export const pdfStream = (content: string | Buffer, more = "") =>
  Buffer.concat([
    Buffer.from(`<< /Length ${content.length} ${more}>>\nstream\n`),
    Buffer.from(content),
    Buffer.from("\nendstream"),
  ]);

/** A PDF with a page for each text, which may be empty. */
export function pdf(pages: readonly string[]): Buffer {
  return drawnPdf(
    pages.map((text) => {
      const lines = text
        .split("\n")
        .map((line, at) => `${at === 0 ? "" : "0 -14 Td "}(${line.replace(/[()\\]/g, "\\$&")}) Tj`);
      return text === "" ? "" : `BT /F1 12 Tf 72 720 Td ${lines.join(" ")} ET`;
    }),
  );
}

/** A PDF with a page for each content stream, and annotations on the first page. */
export function drawnPdf(pages: readonly string[], annotations: readonly string[] = []): Buffer {
  const objects: (string | Buffer)[] = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, at) => `${4 + at * 2} 0 R`).join(" ")}] >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  for (const [at, drawing] of pages.entries()) {
    const annots = at === 0 && annotations.length > 0 ? `/Annots [${annotations.join(" ")}] ` : "";
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${objects.length + 2} 0 R ${annots}/Resources << /Font << /F1 3 0 R >> >> >>`,
    );
    objects.push(pdfStream(drawing));
  }
  return pdfOf(objects);
}

/** A PNG of one pixel. */
export const png = () =>
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  );
