/** PDF, parsed by pdf.js: the text of each page with form values, links and comments. */
import { getDocumentProxy } from "unpdf";
import { type DocumentText, maxTextCharacters, toNotes } from "../document-text.ts";
import { toAnnotationBlocks } from "./annotations.ts";
import { readCMap } from "./cmaps.ts";
import { toTextLines } from "./lines.ts";

const maxPages = 3_000;
/** A page can take seconds: what was read by then is returned. Below the deadline of the child process. */
const maxReadingMs = 9_000;

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

/** Throws when the file is damaged. */
export async function readPdf(bytes: Uint8Array): Promise<DocumentText> {
  const startedAt = performance.now();
  const pdf = await openPdf(bytes);
  if (!pdf) return { text: "", notes: ["The PDF is protected by a password."] };
  const { texts, emptyPages, pageCount, isCut } = await readPages(pdf, startedAt + maxReadingMs);
  const notes: string[] = [];
  if (pageCount < pdf.numPages) notes.push(`Only the first ${pageCount} of ${pdf.numPages} pages were read.`);
  notes.push(...toNotes({ isCut }));
  if (emptyPages.length > 0) notes.push(toEmptyPagesNote(emptyPages, pageCount));
  const files = Object.keys((await pdf.getAttachments()) ?? {}).length;
  if (files > 0)
    notes.push(`Files attached inside the PDF are not read: ${files}; a download link gives the whole PDF.`);
  return { text: texts.join("\n\n"), notes };
}

/**
 * Answers pdf.js's requests for files with the predefined CMaps of Asian scripts; text needs no other file. A function
 * declaration, because pdf.js calls it with `new`.
 */
function tableFactory() {
  const fetch = async ({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> => {
    if (kind !== "cMapUrl") throw new Error("not available");
    return readCMap(filename);
  };
  return { fetch };
}

/** Opens without fonts, scripts and XFA, which text does not need. Undefined when a password is needed. */
async function openPdf(bytes: Uint8Array): Promise<Pdf | undefined> {
  try {
    return await getDocumentProxy(new Uint8Array(bytes), {
      enableXfa: false,
      disableFontFace: true,
      verbosity: 0,
      BinaryDataFactory: tableFactory,
    });
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException") return undefined;
    throw error;
  }
}

/** Reads pages until a limit is reached; `deadline` is on the clock of `performance.now`. */
async function readPages(pdf: Pdf, deadline: number) {
  const texts: string[] = [];
  const emptyPages: number[] = [];
  let characters = 0;
  let number = 0;
  while (number < Math.min(pdf.numPages, maxPages) && characters < maxTextCharacters) {
    if (performance.now() > deadline) break;
    number += 1;
    const page = await pdf.getPage(number);
    const lines = toTextLines((await page.getTextContent()).items);
    const blocks = [lines, ...toAnnotationBlocks(await page.getAnnotations(), lines)];
    page.cleanup();
    const text = blocks.filter((block) => block !== "").join("\n\n");
    if (lines === "") emptyPages.push(number);
    if (text === "") continue;
    characters += text.length;
    texts.push(pdf.numPages > 1 ? `[page ${number} of ${pdf.numPages}]\n${text}` : text);
  }
  return { texts, emptyPages, pageCount: number, isCut: characters >= maxTextCharacters };
}

function toEmptyPagesNote(pages: readonly number[], pageCount: number): string {
  if (pages.length === pageCount) return "The PDF contains no text: its pages are pictures, such as a scan.";
  const subject = pages.length === 1 ? "Page" : "Pages";
  const verb = pages.length === 1 ? "has" : "have";
  return `${subject} ${toRanges(pages)} ${verb} no text: pictures, such as a scan, or nothing.`;
}

/** Writes 1, 2, 3, 5 as "1-3, 5". */
function toRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const shown = ranges.slice(0, 50).map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
  return `${shown.join(", ")}${ranges.length > shown.length ? " …" : ""}`;
}
