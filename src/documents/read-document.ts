/** Reads a document of any supported format. Runs in a child process (see sandbox.ts). */
import { Gunzip } from "fflate";
import { decodeUnknown } from "./code-page.ts";
import { limited, unpackPieces } from "./decompression.ts";
import { bounded, type DocumentText, maxUnpackedBytes } from "./document-text.ts";
import { isGzip, isPdf, isRtf } from "./file-kind.ts";
import { hiddenNote } from "./inline-marks.ts";
import { readOpenDocument } from "./open-document/document.ts";
import { readPdf } from "./pdf/pdf.ts";
import { relationsOf } from "./relationships.ts";
import { readRtf } from "./rtf/rtf.ts";
import { readSheets } from "./sheet/workbook.ts";
import { readSlides } from "./slides/presentation.ts";
import { readWord } from "./word/document.ts";
import { type Archive, openArchive } from "./zip-archive.ts";

const maxListed = 200;

/** Never throws: what cannot be read is said in a note. */
export async function readDocument(bytes: Uint8Array): Promise<DocumentText> {
  try {
    return bounded(await read(bytes));
  } catch {
    return { text: "", notes: ["The file is damaged, or made in an unusual way; it cannot be read."] };
  }
}

async function read(bytes: Uint8Array): Promise<DocumentText> {
  if (isPdf(bytes)) return readPdf(bytes);
  if (isGzip(bytes)) return readGzip(bytes);
  if (isRtf(bytes)) {
    const { text, hiddenCharacters } = readRtf(bytes);
    return { text, notes: hiddenNote(hiddenCharacters) };
  }
  const archive = openArchive(bytes);
  const { text, notes } = readArchive(archive);
  const hasMacros = archive.members.some(({ name }) => name.endsWith("/vbaProject.bin"));
  return {
    text,
    notes: [...notes, ...(hasMacros ? [macrosNote] : []), ...(archive.wasCut() ? [unpackedNote] : [])],
  };
}

const macrosNote = "It holds macros: programs that run when it is opened in Office and allowed to.";

const unpackedNote = `Unpacked it is larger than ${maxUnpackedBytes / 1_000_000} MB: only its beginning was read.`;

/** A text that is packed by itself, such as a log or a table. */
function readGzip(bytes: Uint8Array): DocumentText {
  const { bytes: unpacked, whole } = limited(unpackPieces(Gunzip, bytes), maxUnpackedBytes);
  if (unpacked.subarray(0, 8192).includes(0))
    return { text: "", notes: ["A packed file (gzip) of something else than text, which is not read."] };
  return { text: decodeUnknown(unpacked).trim(), notes: whole ? [] : [unpackedNote] };
}

function readArchive(archive: Archive): DocumentText {
  const main = relationsOf(archive, "").find(({ kind }) => kind === "officeDocument")?.target;
  const path = [main ?? "", "word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"].find(archive.has);
  if (path?.startsWith("word/")) return readWord(archive, path);
  if (path === "xl/workbook.xml") return readSheets(archive);
  if (path?.startsWith("ppt/")) return readSlides(archive, path);
  if (
    archive.has("content.xml") &&
    archive.text("mimetype").startsWith("application/vnd.oasis.opendocument")
  ) {
    if (archive.text("META-INF/manifest.xml").includes("encryption-data"))
      return { text: "", notes: ["The document is protected by a password."] };
    return readOpenDocument(archive);
  }
  return readUnknown(archive);
}

/** What is in an archive of files. */
function readUnknown({ members, has }: Archive): DocumentText {
  if (has("xl/workbook.bin"))
    return { text: "", notes: ["A binary Excel workbook (.xlsb), whose cells are not read."] };
  if (members.some(({ name }) => /^Index(\.zip|\/[^/]+\.iwa)$/.test(name)))
    return { text: "", notes: ["A file of Apple's Pages, Numbers or Keynote, whose text is not read."] };
  const files = members.filter(({ name }) => !name.endsWith("/"));
  const shown = files.slice(0, maxListed).map(({ name, size }) => `${name} (${size} bytes)`);
  const left = files.length - shown.length;
  const locked = files.some((file) => file.locked) ? " A password protects them." : "";
  return {
    text: shown.join("\n"),
    notes: [
      `A ZIP archive; its ${files.length} members are listed, not read.${left > 0 ? ` ${left} more are not listed.` : ""}${locked}`,
    ],
  };
}
