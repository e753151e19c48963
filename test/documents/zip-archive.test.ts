/** Archives that are damaged, locked, lying or made to exhaust who unpacks them. */
import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { readDocument } from "../../src/documents/read-document.ts";
import { archive, bomb, docxOf, pdf, zip } from "../support/documents.ts";

const unpacked = "Unpacked it is larger than 64 MB: only its beginning was read.";
const damaged = "The file is damaged, or made in an unusual way; it cannot be read.";

/** Overwrites a field of the first entry in the directory at the end (APPNOTE section 4.3.12). */
function withField(file: Buffer, offset: number, value: number, bytes: 2 | 4): Buffer {
  const copy = Buffer.from(file);
  copy.writeUIntLE(value, copy.indexOf("PK\x01\x02", 0, "latin1") + offset, bytes);
  return copy;
}

test("an archive that unpacks to more than it may is read as far as that, whatever size it claims", async () => {
  const file = bomb(80);
  for (const one of [file, withField(file, 24, 1_000, 4)])
    expect(await readDocument(one)).toEqual({ text: "", notes: [unpacked] });
});

test("a file is damaged when it is cut, when a member is broken, or packed in a way nobody knows", async () => {
  const file = docxOf("<w:p><w:r><w:t>Words</w:t></w:r></w:p>".repeat(50));
  const broken = Buffer.from(file);
  broken.fill(0xff, 60, 100);
  for (const one of [file.subarray(0, -30), broken, withField(file, 10, 99, 2)])
    expect((await readDocument(one)).notes).toEqual([damaged]);
});

test("elements a million deep and attributes by the million are refused at once", async () => {
  const attributes = Array.from({ length: 200_000 }, (_, at) => `a${at}="x"`).join(" ");
  for (const body of ["<w:tbl><w:tr><w:tc>".repeat(300_000), `<w:p ${attributes}/>`])
    expect((await readDocument(docxOf(body))).notes).toEqual([damaged]);
});

test("entities that grow into billions are not resolved", async () => {
  const file = zip({
    "word/document.xml":
      '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><w:document><w:p><w:r><w:t>&b; words &amp; more</w:t></w:r></w:p></w:document>',
  });
  expect((await readDocument(file)).text).toBe("&b; words & more");
});

test("files in an archive are listed by size, and it is said when a password locks them", async () => {
  const { text, notes } = await readDocument(withField(archive(), 8, 1, 2));
  expect(text).toBe("readme.txt (5 bytes)\nfolder/data.csv (3 bytes)");
  expect(notes).toEqual(["A ZIP archive; its 2 members are listed, not read. A password protects them."]);
});

test("it is said of a document that programs are in it", async () => {
  const { text, notes } = await readDocument(
    docxOf("<w:p><w:r><w:t>Words</w:t></w:r></w:p>", { "word/vbaProject.bin": "x" }),
  );
  expect(text).toBe("Words");
  expect(notes).toEqual([expect.stringContaining("It holds macros")]);
});

test("what Apple's programs and a binary workbook write is named for what it is", async () => {
  const notesOf = async (name: string) => (await readDocument(zip({ [name]: "x" }))).notes;
  expect(await notesOf("Index/Document.iwa")).toEqual([
    "A file of Apple's Pages, Numbers or Keynote, whose text is not read.",
  ]);
  expect(await notesOf("xl/workbook.bin")).toEqual([
    "A binary Excel workbook (.xlsb), whose cells are not read.",
  ]);
});

test("a table that is packed by itself is read, and anything else that is so is not", async () => {
  expect(await readDocument(gzipSync("Name;Sum\nMüller;3,50"))).toEqual({
    text: "Name;Sum\nMüller;3,50",
    notes: [],
  });
  expect((await readDocument(gzipSync(Buffer.alloc(80_000_000, "x")))).notes).toContain(unpacked);
  expect((await readDocument(gzipSync(Buffer.from([1, 0, 2])))).text).toBe("");
  expect((await readDocument(gzipSync(pdf(["x"])).subarray(0, 40))).notes).toEqual([damaged]);
});
