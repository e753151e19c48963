/** EPUB books (EPUB 3.3): the chapters in their reading order. */
import { posix } from "node:path";
import { type DocumentText, toNotes } from "../document-text.ts";
import { createDocumentWriter, type DocumentWriter } from "../document-writer.ts";
import { walkXml } from "../xml.ts";
import type { ZipArchive } from "../zip-archive.ts";
import { readChapter } from "./chapter.ts";

const container = "META-INF/container.xml";
const maxChapters = 2_000;

export const isEpub = (archive: ZipArchive) =>
  archive.has(container) && /^\s*application\/epub\+zip/.test(archive.text("mimetype"));

/** Throws when a part is damaged. */
export function readBook(archive: ZipArchive): DocumentText {
  const { title, creators, chapters } = readPackage(archive);
  if (isProtected(archive, chapters))
    return { text: "", notes: ["The book is protected against copying (DRM)."] };
  const writer = createDocumentWriter();
  writeHead(writer, title, creators);
  let hiddenCharacters = 0;
  for (const chapter of chapters) {
    if (writer.isFull()) break;
    hiddenCharacters += readChapter(archive.xml(chapter), writer);
  }
  const pictures = archive.members.filter(({ name }) => /\.(png|jpe?g|gif|svg|webp)$/i.test(name)).length;
  return { text: writer.finish(), notes: toNotes({ hiddenCharacters, pictures, isCut: writer.isFull() }) };
}

function writeHead(writer: DocumentWriter, title: string, creators: readonly string[]): void {
  for (const line of [
    title ? `Title: ${title}` : "",
    creators.length > 0 ? `By: ${creators.join(", ")}` : "",
  ]) {
    writer.text(line);
    writer.endParagraph();
  }
}

/** Reads the package document (section 5): title, authors, and the member names of the chapters. */
function readPackage(archive: ZipArchive) {
  let path = "";
  walkXml(archive.xml(container), {
    open(name, attributes) {
      if (name === "rootfile") path ||= attributes["full-path"] ?? "";
    },
  });
  const items = new Map<string, string>();
  const chapters: string[] = [];
  const titles: string[] = [];
  const creators: string[] = [];
  let texts: string[] | undefined;
  walkXml(archive.xml(path), {
    open(name, { id = "", href = "", idref = "" }) {
      texts = name === "title" ? titles : name === "creator" ? creators : undefined;
      texts?.push("");
      if (name === "item") items.set(id, posix.join(posix.dirname(path), decodePath(href)));
      const chapter = name === "itemref" ? items.get(idref) : undefined;
      if (chapter && chapters.length < maxChapters) chapters.push(chapter);
    },
    text(piece) {
      texts?.push((texts.pop() ?? "") + piece);
    },
    close() {
      texts = undefined;
    },
  });
  const named = (list: readonly string[]) => list.map((one) => one.trim()).filter((one) => one !== "");
  return { title: named(titles)[0] ?? "", creators: named(creators).slice(0, 20), chapters };
}

function decodePath(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}

/** Fonts are often obfuscated (section 4.4), which hides no text. */
function isProtected(archive: ZipArchive, chapters: readonly string[]): boolean {
  let isChapterEncrypted = false;
  walkXml(archive.xml("META-INF/encryption.xml"), {
    open(name, { URI = "" }) {
      if (name === "CipherReference") isChapterEncrypted ||= chapters.includes(decodePath(URI));
    },
  });
  return isChapterEncrypted;
}
