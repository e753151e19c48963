/** ZIP archives and gzip files: damaged, encrypted, with false sizes, or built to exhaust the reader. */
import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { readDocument } from "../../src/documents/read-document.ts";
import { archive, bomb, docxOf, pdf, zip } from "../support/documents.ts";

const unpackedNote = "The unpacked file is larger than 64 MB: only its beginning was read.";
const damagedNote = "The file cannot be read: it is damaged or has an unusual structure.";

/** Overwrites a field of the first entry in the central directory (APPNOTE section 4.3.12). */
function withField(file: Buffer, offset: number, value: number, bytes: 2 | 4): Buffer {
  const copy = Buffer.from(file);
  copy.writeUIntLE(value, copy.indexOf("PK\x01\x02", 0, "latin1") + offset, bytes);
  return copy;
}

test("reads an archive up to the limit of unpacked bytes, whatever size the archive claims", async () => {
  const file = bomb(80);
  for (const one of [file, withField(file, 24, 1_000, 4)])
    expect(await readDocument(one)).toEqual({ text: "", notes: [unpackedNote] });
});

test("reports a truncated archive, a damaged member and an unknown compression method as damage", async () => {
  const file = docxOf("<w:p><w:r><w:t>Words</w:t></w:r></w:p>".repeat(50));
  const broken = Buffer.from(file);
  broken.fill(0xff, 60, 100);
  for (const one of [file.subarray(0, -30), broken, withField(file, 10, 99, 2)])
    expect((await readDocument(one)).notes).toEqual([damagedNote]);
});

test("refuses XML with hundreds of thousands of nested elements or attributes", async () => {
  const attributes = Array.from({ length: 200_000 }, (_, at) => `a${at}="x"`).join(" ");
  for (const body of ["<w:tbl><w:tr><w:tc>".repeat(300_000), `<w:p ${attributes}/>`])
    expect((await readDocument(docxOf(body))).notes).toEqual([damagedNote]);
});

test("does not resolve entities declared in a document", async () => {
  const file = zip({
    "word/document.xml":
      '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><w:document><w:p><w:r><w:t>&b; words &amp; more</w:t></w:r></w:p></w:document>',
  });
  expect((await readDocument(file)).text).toBe("&b; words & more");
});

test("lists the files of an archive with their sizes, and says when they are encrypted", async () => {
  const { text, notes } = await readDocument(withField(archive(), 8, 1, 2));
  expect(text).toBe("readme.txt (5 bytes)\nfolder/data.csv (3 bytes)");
  expect(notes).toEqual(["A password protects files in this archive."]);
});

test("says that a document contains macros", async () => {
  const { text, notes } = await readDocument(
    docxOf("<w:p><w:r><w:t>Words</w:t></w:r></w:p>", { "word/vbaProject.bin": "x" }),
  );
  expect(text).toBe("Words");
  expect(notes).toEqual([expect.stringContaining("The file contains macros")]);
});

test("names Apple's formats, which it does not read, and reports a damaged binary workbook", async () => {
  const notesOf = async (name: string) => (await readDocument(zip({ [name]: "x" }))).notes;
  expect(await notesOf("Index/Document.iwa")).toEqual([
    "A file of Apple's Pages, Numbers or Keynote, whose text is not read.",
  ]);
  expect(await notesOf("xl/workbook.bin")).toEqual([damagedNote]);
});

test("reads a gzip file that contains text, and no other", async () => {
  expect(await readDocument(gzipSync("Name;Sum\nMüller;3,50"))).toEqual({
    text: "Name;Sum\nMüller;3,50",
    notes: [],
  });
  expect((await readDocument(gzipSync(Buffer.alloc(80_000_000, "x")))).notes).toContain(unpackedNote);
  expect((await readDocument(gzipSync(Buffer.from([1, 0, 2])))).text).toBe("");
  expect((await readDocument(gzipSync(pdf(["x"])).subarray(0, 40))).notes).toEqual([damagedNote]);
});
