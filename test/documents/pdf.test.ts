/** PDF files: lines and columns, annotations, and notes about pages without text. */
import { expect, test } from "bun:test";
import { deflateSync } from "node:zlib";
import { readDocument } from "../../src/documents/read-document.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { drawnPdf, pdf, pdfOf, pdfStream } from "../support/documents.ts";

/** The drawing of a page with text at these positions. */
const drawing = (...runs: [x: number, y: number, size: number, text: string][]) =>
  runs.map(([x, y, size, text]) => `BT /F1 ${size} Tf ${x} ${y} Td (${text}) Tj ET`).join("\n");

test("keeps a raised number in its line, and separates columns by tabs", async () => {
  const page = drawing(
    [72, 700, 12, "E = mc"],
    [110, 704.5, 7, "2"],
    [117, 700, 12, "is known"],
    [72, 680, 12, "Item"],
    [300, 680, 12, "Price"],
    [72, 666, 12, "Work"],
    [300, 666, 12, "90"],
  );
  expect((await readDocument(drawnPdf([page]))).text).toBe("E = mc2 is known\nItem\tPrice\nWork\t90");
});

test("reads form fields, text typed onto a page, comments and link targets", async () => {
  const widget = (more: string) => `<< /Type /Annot /Subtype /Widget /Rect [9 9 99 30] ${more} >>`;
  const link = (url: string) =>
    `<< /Type /Annot /Subtype /Link /Rect [72 690 140 712] /A << /S /URI /URI (${url}) >> >>`;
  const ticked = (name: string, state: string) =>
    widget(`/FT /Btn /T (${name}) /V /${state} /AS /${state} /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>`);
  const file = drawnPdf(
    [drawing([72, 700, 12, "Pay at https://seen.example/ now"])],
    [
      widget("/FT /Tx /T (f1) /TU (Your name) /V (Ann)"),
      widget("/FT /Tx /T (empty) /V ()"),
      ticked("agree", "Yes"),
      ticked("refuse", "Off"),
      widget("/FT /Ch /T (colour) /V (blue) /Opt [(red) (blue)]"),
      link("https://other.example/pay"),
      link("https://seen.example/"),
      "<< /Type /Annot /Subtype /Text /Rect [1 1 9 9] /T (Ben) /Contents (Too high?) >>",
      "<< /Type /Annot /Subtype /FreeText /Rect [1 1 9 9] /DA (/F1 9 Tf) /Contents (Berlin, 5 May) >>",
      "<< /Type /Annot /Subtype /Text /F 2 /Rect [1 1 9 9] /Contents (not to be seen) >>",
    ],
  );
  expect((await readDocument(file)).text).toBe(
    "Pay at https://seen.example/ now\n\nForm fields:\nYour name: Ann\nagree: ticked\ncolour: blue\n\n[comment by Ben: Too high?]\nBerlin, 5 May\n\nLinks on this page:\nhttps://other.example/pay",
  );
});

test("names the pages without text: one, several or all", async () => {
  const notesOf = async (pages: string[]) => (await readDocument(pdf(pages))).notes;
  expect(await notesOf(["one", "", "", "four", "", "six"])).toEqual([
    "Pages 2-3, 5 have no text: pictures, such as a scan, or nothing.",
  ]);
  expect(await notesOf(["one", ""])).toEqual(["Page 2 has no text: pictures, such as a scan, or nothing."]);
  expect(await notesOf(["", ""])).toEqual([
    "The PDF contains no text: its pages are pictures, such as a scan.",
  ]);
});

test("says that characters are missing when a font relies on a predefined CMap, and not that the page is empty", async () => {
  const font =
    "<< /Type /Font /Subtype /Type0 /BaseFont /Mincho /Encoding /90ms-RKSJ-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Mincho /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> /FontDescriptor << /Type /FontDescriptor /FontName /Mincho /Flags 6 /FontBBox [0 0 9 9] >> >>] >>";
  const file = pdfOf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 ${font} >> >> >>`,
    pdfStream("BT /F1 12 Tf 72 700 Td <93fa967b> Tj ET"),
  ]);
  expect((await readDocument(file)).notes).toEqual([
    expect.stringContaining("in an Asian script whose characters the file does not define"),
  ]);
});

// The memory of a process is read from /proc.
test.skipIf(process.platform !== "linux")(
  "stops reading a small file that unpacks to hundreds of megabytes at the memory limit",
  async () => {
    const bytes = deflateSync(deflateSync(Buffer.alloc(300_000_000, " ")));
    const bomb = pdfOf([
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
      pdfStream(bytes, "/Filter [/FlateDecode /FlateDecode] "),
    ]);
    const reader = createDocumentReader({ maxMemoryBytes: 300_000_000 });
    expect(await reader.read(bomb, AbortSignal.timeout(60_000))).toEqual({
      text: "",
      notes: ["Reading the file takes more memory than is allowed."],
    });
  },
);
