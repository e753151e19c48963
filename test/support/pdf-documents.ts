/** Builders of PDF files with fonts and pictures. */
import { deflateSync } from "node:zlib";
import { pdfOf, pdfStream } from "./documents.ts";

/** A PDF with one text in a font that relies on a predefined CMap, and on the characters of an Adobe collection. */
export const asianPdf = (cmap: string, ordering: string, hex: string) =>
  pdfOf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 << /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding /${cmap} /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Any /CIDSystemInfo << /Registry (Adobe) /Ordering (${ordering}) /Supplement 2 >> /FontDescriptor << /Type /FontDescriptor /FontName /Any /Flags 6 /FontBBox [0 0 9 9] >> >>] >> >> >> >>`,
    pdfStream(`BT /F1 12 Tf 72 700 Td <${hex}> Tj ET`),
  ]);

/** JPEG pictures of 16 by 8 pixels, by the number of their colors. */
export const jpegs = {
  1: "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/wAALCAAIABABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AOZ0b+Gu80b+Gv/Z",
  3: "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAIABADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDNg0Tp8taUGidPlooqauIqdznwGKq6an//2Q==",
  4: "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBtUVdfYmdoZz5NcXlwZHhcZWdj/8AAFAgACAAQBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwDpdZ/iq3/wl3/TT9a9Ar0CuD1n+Kj/AIS7/pp+tFFf/9k=",
} as const;

type Picture = { width: number; height: number; data: Uint8Array; entries: string };

/** A page: pictures that are painted over this part of it, and further drawing. */
type ScannedPage = {
  pictures?: readonly Picture[];
  /** The pictures share the height of the page, the first at its top. */
  stacked?: boolean;
  size?: [width: number, height: number];
  drawing?: string;
};

/** The picture as a JPEG stream. `more`: further entries of its dictionary. */
export function jpegPicture(
  colors: 1 | 3 | 4,
  more = "",
  data: Uint8Array = Buffer.from(jpegs[colors], "base64"),
): Picture {
  const space = { 1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK" }[colors];
  return {
    width: 16,
    height: 8,
    data,
    entries: `/Filter /DCTDecode /ColorSpace ${space} /BitsPerComponent 8 ${more}`,
  };
}

/** Black and white in stripes of eight pixels, one bit each, compressed. */
export const bitmapPicture = (width: number, height: number): Picture => ({
  width,
  height,
  data: deflateSync(Buffer.alloc((width / 8) * height, Buffer.from([0xff, 0x00]))),
  entries: "/Filter /FlateDecode /ColorSpace /DeviceGray /BitsPerComponent 1",
});

/** A PDF with these pages of 600 by 800 points. */
export function scannedPdf(pages: readonly ScannedPage[]): Buffer {
  const objects: (string | Buffer)[] = ["", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"];
  const kids = pages.map(
    ({ pictures = [], stacked = false, size: [width, height] = [600, 800], drawing = "" }) => {
      const images = pictures.map((picture) => {
        const size = `/Width ${picture.width} /Height ${picture.height}`;
        objects.push(
          pdfStream(Buffer.from(picture.data), `/Type /XObject /Subtype /Image ${size} ${picture.entries} `),
        );
        return objects.length;
      });
      const share = stacked ? height / images.length : height;
      const painted = images
        .map(
          (id, at) => `q ${width} 0 0 ${share} 0 ${stacked ? height - (at + 1) * share : 0} cm /I${id} Do Q`,
        )
        .join("\n");
      objects.push(pdfStream(`${painted}\n${drawing}`));
      const named = images.map((id) => `/I${id} ${id} 0 R`).join(" ");
      objects.push(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents ${objects.length} 0 R /Resources << /Font << /F1 3 0 R >> /XObject << ${named} >> >> >>`,
      );
      return `${objects.length} 0 R`;
    },
  );
  objects[0] = "<< /Type /Catalog /Pages 2 0 R >>";
  objects[1] = `<< /Type /Pages /Count ${kids.length} /Kids [${kids.join(" ")}] >>`;
  return pdfOf(objects);
}
