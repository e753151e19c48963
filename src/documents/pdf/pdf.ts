/** PDF, parsed by pdf.js: the text of each page with form values, links and comments. */
import { type DocumentText, maxTextCharacters, type TextlessPage, toNotes } from "../document-text.ts";
import { toAnnotationBlocks } from "./annotations.ts";
import { toTextLines } from "./lines.ts";
import { openPdf, type Pdf } from "./open-pdf.ts";

const maxPages = 3_000;
const separator = "\n\n";
/** A page can take seconds: what was read by then is returned. Below the deadline of the child process. */
const maxReadingMs = 9_000;

/** Throws when the file is damaged. */
export async function readPdf(bytes: Uint8Array): Promise<DocumentText> {
  const startedAt = performance.now();
  const pdf = await openPdf(bytes);
  if (!pdf) return { text: "", notes: ["The PDF is protected by a password."] };
  const { texts, emptyPages, isWithoutText, pageCount, isCut } = await readPages(
    pdf,
    startedAt + maxReadingMs,
  );
  const notes: string[] = [];
  if (pageCount < pdf.numPages) notes.push(`Only the first ${pageCount} of ${pdf.numPages} pages were read.`);
  notes.push(...toNotes({ isCut }));
  if (emptyPages.length > 0)
    notes.push(
      toEmptyPagesNote(
        emptyPages.map(({ page }) => page),
        pageCount,
      ),
    );
  const files = Object.keys((await pdf.getAttachments()) ?? {}).length;
  if (files > 0)
    notes.push(`Files attached inside the PDF are not read: ${files}; a download link gives the whole PDF.`);
  const scan = emptyPages.length === 0 ? undefined : { pages: emptyPages, isWhole: isWithoutText };
  return { text: texts.join(separator), notes, scan };
}

/** Reads pages until a limit is reached; `deadline` is on the clock of `performance.now`. */
async function readPages(pdf: Pdf, deadline: number) {
  const texts: string[] = [];
  const emptyPages: TextlessPage[] = [];
  let isWithoutText = true;
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
    const shown = toPageText(text, number, pdf.numPages);
    if (lines === "") emptyPages.push({ page: number, at: characters });
    isWithoutText &&= text === "";
    characters += shown.length + separator.length;
    texts.push(shown);
  }
  return { texts, emptyPages, isWithoutText, pageCount: number, isCut: characters >= maxTextCharacters };
}

/** A page without text keeps its place, so that its picture can be asked for by the offset of that place. */
function toPageText(text: string, number: number, count: number): string {
  if (text === "") return `[page ${number} of ${count}: no text]`;
  return count > 1 ? `[page ${number} of ${count}]\n${text}` : text;
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
