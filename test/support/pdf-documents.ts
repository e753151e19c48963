/** Builders of PDF files with fonts and pictures. */
import { pdfOf, pdfStream } from "./documents.ts";

/** A PDF with one text in a font that relies on a predefined CMap, and on the characters of an Adobe collection. */
export const asianPdf = (cmap: string, ordering: string, hex: string) =>
  pdfOf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 << /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding /${cmap} /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Any /CIDSystemInfo << /Registry (Adobe) /Ordering (${ordering}) /Supplement 2 >> /FontDescriptor << /Type /FontDescriptor /FontName /Any /Flags 6 /FontBBox [0 0 9 9] >> >>] >> >> >> >>`,
    pdfStream(`BT /F1 12 Tf 72 700 Td <${hex}> Tj ET`),
  ]);
