/** Scanned PDFs: pages that are one embedded picture are given out as that picture. */
import { expect, test } from "bun:test";
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { encodePng } from "../../src/documents/pdf/png.ts";
import { readDocument, readPictures } from "../../src/documents/read-document.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { bitmapPicture, jpegPicture, jpegs, scannedPdf } from "../support/pdf-documents.ts";

const words = "BT /F1 12 Tf 72 720 Td (Words) Tj ET";
const jpegOf = (colors: 1 | 3 | 4) => Buffer.from(jpegs[colors], "base64");
const read = (file: Buffer, ...pages: number[]) => readPictures(file, pages);

test("a page that is one JPEG is that JPEG, byte for byte, in gray and in color", async () => {
  const file = scannedPdf([
    { pictures: [jpegPicture(1)] },
    { pictures: [jpegPicture(3)] },
    { drawing: words, pictures: [jpegPicture(3)] },
  ]);
  const { text, notes, scan } = await readDocument(file);
  expect(text).toBe("[page 1 of 3: no text]\n\n[page 2 of 3: no text]\n\n[page 3 of 3]\nWords");
  expect(notes).toEqual(["Pages 1-2 have no text: pictures, such as a scan, or nothing."]);
  expect(scan).toEqual({
    pages: [
      { page: 1, at: 0 },
      { page: 2, at: 24 },
    ],
    isWhole: false,
  });
  expect(await read(file, 1, 2)).toEqual({
    pictures: [
      { page: 1, mimeType: "image/jpeg", bytes: jpegOf(1) },
      { page: 2, mimeType: "image/jpeg", bytes: jpegOf(3) },
    ],
    tooLarge: [],
  });
});

/** The rows of a PNG of one bit, without their filter bytes. */
function rowsOf(png: Uint8Array, rowBytes: number): Buffer[] {
  const file = Buffer.from(png);
  const start = file.indexOf("IDAT") + 4;
  const rows = inflateSync(file.subarray(start, start + file.readUInt32BE(start - 8)));
  return Array.from({ length: rows.length / (rowBytes + 1) }, (_, row) =>
    rows.subarray(row * (rowBytes + 1) + 1, (row + 1) * (rowBytes + 1)),
  );
}

test("RFC 2083: a page that is a black and white bitmap is a PNG of the same pixels", async () => {
  const { pictures } = await read(scannedPdf([{ pictures: [bitmapPicture(32, 4)] }]), 1);
  const [picture] = pictures;
  expect(picture?.mimeType).toBe("image/png");
  const png = Buffer.from(picture?.bytes ?? []);
  expect(png.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
  expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([32, 4, 1, 0]);
  expect(rowsOf(png, 4).map((row) => row.toString("hex"))).toEqual(Array(4).fill("ff00ff00"));
});

test("a page in strips is one picture with the rows of all strips, from the top", async () => {
  const strips = [4, 8, 4].map((height) => bitmapPicture(32, height));
  const tall = await read(scannedPdf([{ pictures: strips, stacked: true }]), 1);
  const png = Buffer.from(tall.pictures[0]?.bytes ?? []);
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([32, 16]);
  const gray = await read(scannedPdf([{ pictures: [jpegPicture(1), jpegPicture(1)], stacked: true }]), 1);
  expect(gray.pictures.map(({ mimeType }) => mimeType)).toEqual(["image/png"]);
  const unlike = [bitmapPicture(32, 4), bitmapPicture(64, 4)];
  expect((await read(scannedPdf([{ pictures: unlike, stacked: true }]), 1)).pictures).toEqual([]);
});

test("RFC 2083 section 6.3: the pixels of a color PNG are the differences to the row above", () => {
  const data = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const rows = rowsOf(encodePng({ width: 2, height: 2, channels: 3, data }), 6);
  expect(rows.map((row) => [...row])).toEqual([[1, 2, 3, 4, 5, 6], Array(6).fill(6)]);
  expect(() => encodePng({ width: 3, height: 2, channels: 3, data })).toThrow(RangeError);
});

test("a JPEG in four colors, one with inverted colors, and one in an encrypted file are decoded to PNG", async () => {
  const file = scannedPdf([{ pictures: [jpegPicture(4)] }, { pictures: [jpegPicture(1, "/Decode [1 0]")] }]);
  const { pictures } = await read(file, 1, 2);
  expect(pictures.map(({ mimeType }) => mimeType)).toEqual(["image/png", "image/png"]);
});

test("section 7.5.6: of an object that an update replaced, the new picture is given out", async () => {
  const before = scannedPdf([{ pictures: [jpegPicture(1)] }]);
  // The object of the old picture stands before that of the new one, as in a file that was updated.
  const stale = Buffer.from("4 0 obj\n<< /Filter /DCTDecode /Length 3 >>\nstream\nold\nendstream\nendobj\n");
  const at = before.indexOf("3 0 obj");
  const file = Buffer.concat([before.subarray(0, at), stale, before.subarray(at)]);
  expect((await read(file, 1)).pictures[0]?.bytes).toEqual(jpegOf(1));
});

test("a page with two pictures, a small one, only a drawing, or nothing is no picture", async () => {
  const file = scannedPdf([
    { pictures: [jpegPicture(1), jpegPicture(3)] },
    { pictures: [jpegPicture(1)], size: [100, 100] },
    { drawing: "0 0 600 800 re f" },
    {},
  ]);
  expect(await read(file, 1, 2, 3, 4, 99)).toEqual({ pictures: [], tooLarge: [] });
  const { notes, scan } = await readDocument(file);
  expect(notes).toEqual(["The PDF contains no text: its pages are pictures, such as a scan."]);
  expect(scan?.isWhole).toBe(true);
});

/** A JPEG with this many bytes: what follows the end of a picture is not drawn. */
const paddedJpeg = (bytes: number) =>
  jpegPicture(1, "", Buffer.concat([jpegOf(1), Buffer.alloc(bytes - jpegOf(1).length, 0x20)]));

test("five pictures and 1 MB are given out, then the page to go on with; one above 1 MB is named", async () => {
  const six = scannedPdf(Array.from({ length: 6 }, () => ({ pictures: [jpegPicture(1)] })));
  const { pictures, nextPage } = await read(six, 1, 2, 3, 4, 5, 6);
  expect([pictures.length, nextPage]).toEqual([5, 6]);
  const large = scannedPdf(
    [400_000, 1_200_000, 500_000, 200_000].map((bytes) => ({ pictures: [paddedJpeg(bytes)] })),
  );
  const found = await read(large, 1, 2, 3, 4);
  expect(found.pictures.map(({ page }) => page)).toEqual([1, 3]);
  expect([found.tooLarge, found.nextPage]).toEqual([[2], 4]);
  expect((await read(large, 4)).pictures.map(({ page }) => page)).toEqual([4]);
});

test("the child process hands over the same pictures", async () => {
  const file = scannedPdf([{ pictures: [jpegPicture(3)] }, { pictures: [bitmapPicture(16, 8)] }]);
  const reader = createDocumentReader();
  const { pictures } = await reader.readPictures(file, [1, 2], AbortSignal.timeout(30_000));
  expect(pictures.map(({ page, mimeType }) => [page, mimeType])).toEqual([
    [1, "image/jpeg"],
    [2, "image/png"],
  ]);
  expect(Buffer.from(pictures[0]?.bytes ?? [])).toEqual(jpegOf(3));
});

test("a picture that claims gigapixels, and one in a damaged file, are not given out", async () => {
  const huge = { ...bitmapPicture(16, 8), width: 60_000, height: 60_000 };
  const reader = createDocumentReader();
  expect(
    await reader.readPictures(scannedPdf([{ pictures: [huge] }]), [1], AbortSignal.timeout(30_000)),
  ).toEqual({ pictures: [], tooLarge: [] });
  const file = scannedPdf([{ pictures: [jpegPicture(1)] }]);
  const altered = fc.tuple(
    fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 8 }),
    fc.nat(file.length),
  );
  const property = fc.asyncProperty(altered, async ([changes, end]) => {
    const bytes = Buffer.from(file);
    for (const [at, byte] of changes) bytes[at] = byte;
    expect((await read(bytes.subarray(0, end), 1)).pictures.length).toBeLessThanOrEqual(1);
  });
  await fc.assert(property, { numRuns: 80 });
});
