/** PDF files: lines and columns, annotations, and notes about pages without text. */
import { expect, test } from "bun:test";
import { deflateSync } from "node:zlib";
import { readCMap } from "../../src/documents/pdf/cmaps.ts";
import { readDocument } from "../../src/documents/read-document.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { drawnPdf, pdf, pdfOf, pdfStream } from "../support/documents.ts";
import { asianPdf } from "../support/pdf-documents.ts";

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

const asian: [cmap: string, ordering: string, hex: string, text: string][] = [
  ["90ms-RKSJ-H", "Japan1", "93fa967b", "日本"],
  ["EUC-H", "Japan1", "c6fccbdc", "日本"],
  ["H", "Japan1", "467c4b5c", "日本"],
  ["UniJIS-UTF16-H", "Japan1", "65e5672c", "日本"],
  ["UniJIS-UCS2-V", "Japan1", "65e5672c", "日本"],
  ["GBK-EUC-H", "GB1", "d6d0b9fa", "中国"],
  ["UniGB-UCS2-H", "GB1", "4e2d56fd", "中国"],
  ["GB-EUC-H", "GB1", "d6d0b9fa", "中国"],
  ["ETen-B5-H", "CNS1", "bb4fc657", "臺灣"],
  ["UniCNS-UTF16-H", "CNS1", "81fa7063", "臺灣"],
  ["KSCms-UHC-H", "Korea1", "c7d1b1b9", "한국"],
  ["UniKS-UCS2-H", "Korea1", "d55cad6d", "한국"],
];

test.each(asian)("ISO 32000-1 section 9.7.5.2: reads text in the predefined CMap %s", async (...file) => {
  const [cmap, ordering, hex, text] = file;
  expect(await readDocument(asianPdf(cmap, ordering, hex))).toEqual({ text, notes: [] });
});

test("a CMap whose name is a path, or that nobody knows, is not looked for on the disk", async () => {
  for (const name of ["..#2F..#2F..#2Fpackage", "Nowhere-H", "LICENSE", "..#2Fcmaps#2F90ms-RKSJ-H"])
    expect((await readDocument(asianPdf(name, "Japan1", "93fa967b"))).text).not.toContain("日本");
  for (const name of ["../package.json", "LICENSE", "../cmaps/H.bcmap", "a\0.bcmap", ".bcmap"])
    expect(await readCMap(name).catch(() => "refused")).toBe("refused");
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
