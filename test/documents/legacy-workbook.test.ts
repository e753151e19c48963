/** Workbooks in formats before and beside XLSX, and compound files (MS-CFB) of other kinds. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type BookType, CFB, utils, type WorkBook } from "@e965/xlsx";
import fc from "fast-check";
import { readDocument } from "../../src/documents/read-document.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { compoundFile, toWorkbookFile } from "../support/workbooks.ts";

const fixture = (name: string) =>
  Bun.file(join(import.meta.dir, "..", "fixtures", "documents", name)).bytes();

/** Two sheets, the second hidden, with formats, an error, a link, a comment, and a hidden row and column. */
function book(): WorkBook {
  const figures = utils.aoa_to_sheet([
    ["Month", "Sum", "Share", "Day"],
    ["April | May", 900.5, 0.125, 45_418],
    ["hidden words", true, false],
    ["link", { t: "e", v: 7 }],
  ]);
  figures.B2.c = [{ a: "Ben", t: "Too\nhigh?" }];
  figures.C2.z = "0.0%";
  figures.D2.z = "dd/mm/yyyy";
  figures.A4.l = { Target: "https://example.org/" };
  figures["!rows"] = [{}, {}, { hidden: true }];
  figures["!cols"] = [{}, { hidden: true }, { hidden: true }];
  const all = utils.book_new();
  utils.book_append_sheet(all, figures, "Figures");
  utils.book_append_sheet(all, utils.aoa_to_sheet([["inside"]]), "More");
  all.Workbook = { Sheets: [{}, { Hidden: 1 }] };
  return all;
}

const binary: [format: string, type: BookType, hiddenRow: string][] = [
  // SheetJS does not write hidden rows of .xls: the fixture of LibreOffice has one.
  ["MS-XLS", "biff8", ""],
  ["MS-XLSB", "xlsb", " (hidden row) |"],
];

test.each(binary)(
  "%s: cells, hidden parts, links, comments and errors look as those of XLSX",
  async (...one) => {
    const [, type, hiddenRow] = one;
    expect(await readDocument(toWorkbookFile(book(), type))).toEqual({
      text: `## Figures

| Month | Sum | Share | Day |
| April \\| May | 900.5 [comment by Ben: Too high?] | 12.5% | 2024-05-06 |
| hidden words | TRUE | FALSE |${hiddenRow}
| link (https://example.org/) | #DIV/0! |

(hidden columns: B:C)

## More (hidden)

| inside |`,
      notes: [],
    });
  },
);

const byLibreOffice = `## Figures

| Month | Sum | Share | Day |
| Größe | 900.5 [comment by Ben: Too high?] | 12.5% | 2024-05-06 |
| Привет 世界 | (hidden row) |
| #VALUE! | link (https://example.org/) |

(hidden columns: B)

## More (hidden)

| inside |`;

test("a workbook in the binary format by LibreOffice is read with its hidden row and column", async () => {
  expect(await readDocument(await fixture("libreoffice.xls"))).toEqual({ text: byLibreOffice, notes: [] });
});

test("OpenDocument 1.3 section 2.2.1: a spreadsheet in one XML file (.fods) is read", async () => {
  const { text } = await readDocument(await fixture("libreoffice.fods"));
  expect(text).toBe(
    byLibreOffice
      .replace("900.5 [", "900.5 / [")
      .replace("#VALUE!", "#DIV/0!")
      .replace("link (https://example.org/)", "[link](https://example.org/)"),
  );
});

test("a text in one XML file (.fodt) is read without the source of its pictures, a presentation without its master", async () => {
  const flat = (kind: string, body: string) =>
    Buffer.from(
      `<?xml version="1.0"?>\n<office:document xmlns:office="o"><office:master-styles><style:master-page><style:header><text:p>On top</text:p></style:header><draw:frame><draw:text-box><text:p>Click to edit</text:p></draw:text-box></draw:frame></style:master-page></office:master-styles><office:body><office:${kind}>${body}</office:${kind}></office:body></office:document>`,
    );
  const picture =
    "<draw:frame><draw:image><office:binary-data>iVBORw0KGgo=</office:binary-data></draw:image></draw:frame>";
  const text = await readDocument(flat("text", `<text:p>Words ${picture}</text:p>`));
  expect(text.text).toStartWith("[header: On top]");
  expect(text.text).toContain("Words");
  expect(text.text).not.toContain("iVBOR");
  expect(text.notes).toEqual(["The file contains 1 picture, which is not shown here."]);
  const slides = await readDocument(
    flat(
      "presentation",
      "<draw:page><draw:frame><draw:text-box><text:p>Hello</text:p></draw:text-box></draw:frame></draw:page>",
    ),
  );
  expect(slides.text).toContain("Hello");
  expect(slides.text).not.toContain("Click to edit");
});

test("tables in SYLK and DIF are read in UTF-8 and in Windows-1252", async () => {
  const rows = (days: [string, string], truth: [string, string]) =>
    `| Month | Sum | Share | When | Flag |\n| April | 900.5 | 0.125 | ${days[0]} | ${truth[0]} |\n| Größe \\| x | 12 | 0.5 | ${days[1]} | ${truth[1]} |\n| Привет |`;
  const sylk = await fixture("libreoffice.slk");
  const dif = await fixture("libreoffice.dif");
  expect((await readDocument(sylk)).text).toBe(rows(["45418", "45419"], ["1", "0"]));
  expect((await readDocument(dif)).text).toBe(rows(["2024-05-06", "2024-05-07"], ["TRUE", "FALSE"]));
  const western = (file: Uint8Array) =>
    Buffer.from(Buffer.from(file).toString().replace("Привет", "Grün"), "latin1");
  expect((await readDocument(western(sylk))).text).toContain(
    "| Größe \\| x | 12 | 0.5 | 45419 | 0 |\n| Grün |",
  );
  expect((await readDocument(western(dif))).text).toContain("| Größe \\| x | 12 |");
});

test("days of a workbook that counts from 1904 are four years later", async () => {
  const all = book();
  all.Workbook = { ...all.Workbook, WBProps: { date1904: true } };
  for (const type of ["biff8", "xlsb"] as const)
    expect((await readDocument(toWorkbookFile(all, type))).text).toContain("2028-05-07");
});

test("only the first 200 columns and 2,000,000 characters are read, and notes say so", async () => {
  const wide = utils.book_new();
  utils.book_append_sheet(wide, utils.aoa_to_sheet([Array.from({ length: 250 }, (_, at) => at)]), "Wide");
  const { text, notes } = await readDocument(toWorkbookFile(wide, "biff8"));
  expect(text).toContain("| 199 |");
  expect(text).not.toContain("| 200 |");
  expect(notes).toEqual(["Only the first 200 columns of each row were read."]);
  const long = utils.book_new();
  utils.book_append_sheet(
    long,
    utils.aoa_to_sheet(Array.from({ length: 300 }, () => ["x".repeat(10_000)])),
    "Long",
  );
  const cut = await readDocument(toWorkbookFile(long, "xlsb"));
  expect(cut.text.length).toBeLessThanOrEqual(2_000_000);
  expect(cut.notes.join()).toContain("Only the first 2000000 characters were read");
});

describe("a compound file", () => {
  test("MS-XLS section 2.4.117: a workbook under a password is reported as such", async () => {
    const file = CFB.read(toWorkbookFile(book(), "biff8"), { type: "buffer" });
    const stream = Buffer.from(CFB.find(file, "Workbook")?.content ?? []);
    const bof = 4 + stream.readUInt16LE(2);
    const filePass = Buffer.from("2f0006000000010203040506".slice(0, 20), "hex");
    const locked = Buffer.concat([stream.subarray(0, bof), filePass, stream.subarray(bof)]);
    expect((await readDocument(compoundFile({ Workbook: locked }))).notes).toEqual([
      "The workbook is protected by a password.",
    ]);
    expect((await readDocument(compoundFile({ EncryptedPackage: "x", EncryptionInfo: "x" }))).notes).toEqual([
      "An Office file that is protected by a password.",
    ]);
  });

  test("with macros is read with a note, and of another kind is named", async () => {
    const file = CFB.read(toWorkbookFile(book(), "biff8"), { type: "buffer" });
    CFB.utils.cfb_add(file, "/_VBA_PROJECT_CUR/VBA/dir", Buffer.from("x"));
    const withMacros = await readDocument(Buffer.from(CFB.write(file, { type: "buffer" })));
    expect(withMacros.text).toContain("| April");
    expect(withMacros.notes.join()).toContain("The file contains macros");
    expect((await readDocument(compoundFile({ VisioDocument: "x" }))).notes).toEqual([
      "A file in an old Office format, which is not read.",
    ]);
  });

  test("that is truncated or altered anywhere ends with a text or a note", async () => {
    const files = [toWorkbookFile(book(), "biff8"), toWorkbookFile(book(), "xlsb")];
    const altered = fc.tuple(
      fc.nat(1),
      fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), { maxLength: 6 }),
      fc.nat(20_000),
    );
    const property = fc.asyncProperty(altered, async ([which, changes, end]) => {
      const bytes = Uint8Array.from(files[which] ?? []);
      for (const [at, byte] of changes) bytes[8 + (at % (bytes.length - 8))] = byte;
      const { text, notes } = await readDocument(bytes.subarray(0, Math.max(600, end)));
      expect(text !== "" || notes.length > 0).toBe(true);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test("whose chain of sectors is a circle, or that claims a gigabyte, ends within the limits", async () => {
    const circle = Buffer.from(compoundFile({ Workbook: Buffer.alloc(100_000, 9) }));
    // The sectors of the allocation table follow each other in a circle.
    circle.fill(Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]), 512, 1_024);
    const reader = createDocumentReader({ deadlineMs: 10_000 });
    const { text, notes } = await reader.read(circle, AbortSignal.timeout(30_000));
    expect(text).toBe("");
    expect(notes.length).toBe(1);
  });
});
