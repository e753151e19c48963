/** Recognition and reading of a document of any supported format. Runs in the child process (see sandbox.ts). */
import { Gunzip } from "fflate";
import { decodeUtf8OrWindows1252 } from "./code-page.ts";
import { readCompoundFile } from "./compound-file.ts";
import { decompressChunks, joinChunks } from "./decompression.ts";
import {
  type DocumentText,
  limitText,
  macrosNote,
  maxUnpackedBytes,
  type PagePictures,
  toNotes,
} from "./document-text.ts";
import { isEpub, readBook } from "./epub/book.ts";
import { isCompoundFile, isDif, isFlatOpenDocument, isGzip, isPdf, isRtf, isSylk } from "./file-kind.ts";
import { readFlatOpenDocument, readOpenDocument } from "./open-document/document.ts";
import { readPagePictures } from "./pdf/page-pictures.ts";
import { readPdf } from "./pdf/pdf.ts";
import { readRelationships } from "./relationships.ts";
import { readRtf } from "./rtf/rtf.ts";
import { readLegacyWorkbook } from "./sheet/legacy-workbook.ts";
import { readWorkbook } from "./sheet/workbook.ts";
import { readPresentation } from "./slides/presentation.ts";
import { readWordDocument } from "./word/document.ts";
import { openZipArchive, type ZipArchive } from "./zip-archive.ts";
import { readZipMembers } from "./zip-members.ts";

/** Never throws: a file that cannot be read has empty text and a note that says so. */
export async function readDocument(bytes: Uint8Array): Promise<DocumentText> {
  try {
    return limitText(await readByKind(bytes));
  } catch {
    return onlyNote("The file cannot be read: it is damaged or has an unusual structure.");
  }
}

/** Never throws: no pictures for a damaged file. */
export async function readPictures(bytes: Uint8Array, pages: readonly number[]): Promise<PagePictures> {
  try {
    return await readPagePictures(bytes, pages);
  } catch {
    return { pictures: [], tooLarge: [] };
  }
}

async function readByKind(bytes: Uint8Array): Promise<DocumentText> {
  if (isPdf(bytes)) return readPdf(bytes);
  if (isGzip(bytes)) return readGzip(bytes);
  if (isRtf(bytes)) {
    const { text, hiddenCharacters } = readRtf(bytes);
    return { text, notes: toNotes({ hiddenCharacters }) };
  }
  if (isCompoundFile(bytes)) return readCompoundFile(bytes);
  if (isFlatOpenDocument(bytes)) return readFlatOpenDocument(decodeUtf8OrWindows1252(bytes));
  if (isSylk(bytes)) return readLegacyWorkbook(bytes, "SYLK");
  if (isDif(bytes)) return readLegacyWorkbook(bytes, "DIF");
  const archive = openZipArchive(bytes);
  const document = archive.has("xl/workbook.bin") ? readBinaryWorkbook(bytes, archive) : readArchive(archive);
  const notes = [...document.notes];
  if (archive.members.some(({ name }) => name.endsWith("/vbaProject.bin"))) notes.push(macrosNote);
  if (archive.isCut()) notes.push(unpackedNote);
  return { ...document, notes };
}

const unpackedNote = `The unpacked file is larger than ${maxUnpackedBytes / 1_000_000} MB: only its beginning was read.`;

const onlyNote = (note: string): DocumentText => ({ text: "", notes: [note] });

/** Reads an .xlsb file, which SheetJS unpacks: the claimed sizes keep it within the limit, the sandbox where they lie. */
function readBinaryWorkbook(bytes: Uint8Array, { members }: ZipArchive): DocumentText {
  const size = members.reduce((sum, member) => sum + member.size, 0);
  return size > maxUnpackedBytes
    ? onlyNote(`The unpacked file is larger than ${maxUnpackedBytes / 1_000_000} MB and is not read.`)
    : readLegacyWorkbook(bytes, "binary");
}

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
  return readOtherArchive(archive);
}

/** Reads an archive that is not an office document. */
function readOtherArchive(archive: ZipArchive): DocumentText {
  if (archive.members.some(({ name }) => /^Index(\.zip|\/[^/]+\.iwa)$/.test(name)))
    return onlyNote("A file of Apple's Pages, Numbers or Keynote, whose text is not read.");
  return isEpub(archive) ? readBook(archive) : readZipMembers(archive);
}
