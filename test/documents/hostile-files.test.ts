/** Bytes of strangers behind the beginning of each format: they end with a text or a note, within the limits. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { isReadableDocument } from "../../src/documents/file-kind.ts";
import { readDocument, readPictures } from "../../src/documents/read-document.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { zip } from "../support/documents.ts";

const beginnings: readonly [format: string, beginning: Buffer][] = [
  ["PDF", Buffer.from("%PDF-1.7\n")],
  ["RTF", Buffer.from("{\\rtf1 ")],
  ["gzip", Buffer.from("1f8b0800", "hex")],
  ["ZIP", Buffer.from("PK\x03\x04", "latin1")],
  ["a compound file", Buffer.from("d0cf11e0a1b11ae1", "hex")],
  ["flat OpenDocument", Buffer.from('<?xml version="1.0"?><office:document ')],
  ["SYLK", Buffer.from("ID;PWXL\nC;Y1;X1;K")],
  ["DIF", Buffer.from("TABLE\n0,1\n")],
];

test.each(beginnings)(
  "random bytes and text behind the beginning of %s never throw",
  async (_, beginning) => {
    const rest = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc
        .string({ unit: fc.constantFrom("<", ">", ";", "0", "-", "\n", "K", '"', "1,0"), maxLength: 500 })
        .map((text) => Buffer.from(text)),
    );
    const property = fc.asyncProperty(rest, async (bytes) => {
      const file = Buffer.concat([beginning, bytes]);
      expect(isReadableDocument(file)).toBe(true);
      const { text, notes } = await readDocument(file);
      expect(text.isWellFormed() && Array.isArray(notes)).toBe(true);
      expect((await readPictures(file, [1])).pictures).toEqual([]);
    });
    await fc.assert(property, { numRuns: 60 });
  },
);

/** Small files that ask for far more than they hold. */
const greedy: readonly [what: string, file: Buffer][] = [
  ["a cell of SYLK in row 4,000 million", Buffer.from("ID;P\nC;Y4000000000;X1;K1\nE\n")],
  ["a cell of SYLK in column 900 million", Buffer.from("ID;P\nC;Y1;X900000000;K1\nE\n")],
  [
    "a DIF table of 900 million tuples",
    Buffer.from(`TABLE\n0,1\n""\nTUPLES\n0,900000000\n""\nDATA\n0,0\n""\n${"-1,0\nBOT\n".repeat(100_000)}`),
  ],
  [
    "a flat table that repeats a row and a cell",
    Buffer.from(
      '<office:document xmlns:office="o"><office:body><office:spreadsheet><table:table><table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document>',
    ),
  ],
  [
    "a book whose chapters are one file a million times",
    zip({
      mimetype: "application/epub+zip",
      "META-INF/container.xml": '<c><rootfile full-path="p"/></c>',
      p: `<package><manifest><item id="a" href="a"/></manifest><spine>${'<itemref idref="a"/>'.repeat(1_000_000)}</spine></package>`,
      a: `<html><body>${"<p>word</p>".repeat(50_000)}</body></html>`,
    }),
  ],
  ["an .xlsb that unpacks to 63 MB", zip({ "xl/workbook.bin": "\0".repeat(63_000_000) })],
];

test.each(greedy)(
  "%s ends within the limits of the child process",
  async (_, file) => {
    const { text, notes } = await createDocumentReader().read(file, AbortSignal.timeout(40_000));
    expect(text.length).toBeLessThanOrEqual(2_000_000);
    expect(text !== "" || notes.length > 0).toBe(true);
  },
  60_000,
);
