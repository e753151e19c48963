/** Any document by what its bytes say it is, whatever it is called. Runs in a process of its own (see reader.ts). */
import { openArchive } from "./archive.ts";
import { bounded, type DocumentText } from "./document.ts";
import { isOpenDocumentPart, readOpenDocument } from "./open-document.ts";
import { readPdf } from "./pdf.ts";
import { isSheetPart, readSheets } from "./sheet.ts";
import { isSlidePart, readSlides } from "./slides.ts";
import { isWordPart, readWord } from "./word.ts";

const wanted = (name: string) =>
  isWordPart(name) || isSheetPart(name) || isSlidePart(name) || isOpenDocumentPart(name);

/** Never throws: what cannot be read is said in a note. */
export async function readDocument(bytes: Uint8Array): Promise<DocumentText> {
  try {
    return bounded(await read(bytes));
  } catch {
    return { text: "", notes: ["The file is damaged, or larger inside than it may be; it cannot be read."] };
  }
}

async function read(bytes: Uint8Array): Promise<DocumentText> {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024)).toString(
    "latin1",
  );
  if (head.includes("%PDF-")) return readPdf(bytes);
  const archive = openArchive(bytes, wanted);
  const has = (name: string) => archive.names.includes(name);
  if (has("word/document.xml")) return readWord(archive);
  if (has("xl/workbook.xml")) return readSheets(archive);
  if (has("ppt/presentation.xml")) return readSlides(archive);
  if (has("content.xml") && archive.text("mimetype").startsWith("application/vnd.oasis.opendocument"))
    return readOpenDocument(archive);
  const shown = archive.names.slice(0, 200);
  const left = archive.names.length - shown.length;
  return {
    text: shown.join("\n"),
    notes: [
      `A ZIP archive; its ${archive.names.length} members are listed, not read.${left > 0 ? ` ${left} more are not listed.` : ""}`,
    ],
  };
}
