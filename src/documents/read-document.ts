/** Recognition and reading of a document of any supported format. Runs in the child process (see sandbox.ts). */
import { Gunzip } from "fflate";
import { decodeUtf8OrWindows1252 } from "./code-page.ts";
import { decompressChunks, joinChunks } from "./decompression.ts";
import { type DocumentText, limitText, maxUnpackedBytes, toNotes } from "./document-text.ts";
import { isGzip, isPdf, isRtf } from "./file-kind.ts";
import { readOpenDocument } from "./open-document/document.ts";
import { readPdf } from "./pdf/pdf.ts";
import { readRelationships } from "./relationships.ts";
import { readRtf } from "./rtf/rtf.ts";
import { readWorkbook } from "./sheet/workbook.ts";
import { readPresentation } from "./slides/presentation.ts";
import { readWordDocument } from "./word/document.ts";
import { openZipArchive, type ZipArchive } from "./zip-archive.ts";

const maxListedMembers = 200;

/** Never throws: a file that cannot be read has empty text and a note that says so. */
export async function readDocument(bytes: Uint8Array): Promise<DocumentText> {
  try {
    return limitText(await readByKind(bytes));
  } catch {
    return onlyNote("The file cannot be read: it is damaged or has an unusual structure.");
  }
}

async function readByKind(bytes: Uint8Array): Promise<DocumentText> {
  if (isPdf(bytes)) return readPdf(bytes);
  if (isGzip(bytes)) return readGzip(bytes);
  if (isRtf(bytes)) {
    const { text, hiddenCharacters } = readRtf(bytes);
    return { text, notes: toNotes({ hiddenCharacters }) };
  }
  const archive = openZipArchive(bytes);
  const { text, notes: formatNotes } = readArchive(archive);
  const notes = [...formatNotes];
  if (archive.members.some(({ name }) => name.endsWith("/vbaProject.bin"))) notes.push(macrosNote);
  if (archive.isCut()) notes.push(unpackedNote);
  return { text, notes };
}

const macrosNote =
  "The file contains macros: programs that run when it is opened in Office and macros are allowed.";
const unpackedNote = `The unpacked file is larger than ${maxUnpackedBytes / 1_000_000} MB: only its beginning was read.`;

const onlyNote = (note: string): DocumentText => ({ text: "", notes: [note] });

/** Reads a text file that was compressed by itself, such as a log or a CSV table. */
function readGzip(bytes: Uint8Array): DocumentText {
  const { bytes: unpacked, isWhole } = joinChunks(decompressChunks(Gunzip, bytes), maxUnpackedBytes);
  if (unpacked.subarray(0, 8192).includes(0))
    return onlyNote("A gzip file whose content is not text and is not read.");
  return { text: decodeUtf8OrWindows1252(unpacked).trim(), notes: isWhole ? [] : [unpackedNote] };
}

/** Finds the main part by its relationship (ECMA-376 part 2, section 9.3), or under its usual name. */
function readArchive(archive: ZipArchive): DocumentText {
  const main = readRelationships(archive, "").find(({ kind }) => kind === "officeDocument")?.target;
  const part = [main ?? "", "word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"].find(archive.has);
  if (part?.startsWith("word/")) return readWordDocument(archive, part);
  if (part === "xl/workbook.xml") return readWorkbook(archive);
  if (part?.startsWith("ppt/")) return readPresentation(archive, part);
  if (
    archive.has("content.xml") &&
    archive.text("mimetype").startsWith("application/vnd.oasis.opendocument")
  ) {
    if (archive.text("META-INF/manifest.xml").includes("encryption-data"))
      return onlyNote("The document is protected by a password.");
    return readOpenDocument(archive);
  }
  return listMembers(archive);
}

/** Lists the files of an archive that is not an office document, or names its format. */
function listMembers({ members, has }: ZipArchive): DocumentText {
  if (has("xl/workbook.bin")) return onlyNote("A binary Excel workbook (.xlsb), whose cells are not read.");
  if (members.some(({ name }) => /^Index(\.zip|\/[^/]+\.iwa)$/.test(name)))
    return onlyNote("A file of Apple's Pages, Numbers or Keynote, whose text is not read.");
  const files = members.filter(({ name }) => !name.endsWith("/"));
  const listed = files.slice(0, maxListedMembers).map(({ name, size }) => `${name} (${size} bytes)`);
  const note = [
    "The files in this ZIP archive are listed, not read.",
    listed.length < files.length ? `Only the first ${listed.length} of ${files.length} are listed.` : "",
    files.some(({ isEncrypted }) => isEncrypted) ? "A password protects them." : "",
  ];
  return { text: listed.join("\n"), notes: [note.filter((sentence) => sentence !== "").join(" ")] };
}
