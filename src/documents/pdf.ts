/** PDF, by Mozilla's reader: the text of its pages. */
import { getDocumentProxy } from "unpdf";
import type { DocumentText } from "./document.ts";
import { maxTextCharacters } from "./document.ts";

const maxPages = 300;

/** Throws when it is no PDF that can be read; a password that nobody knows is said. */
export async function readPdf(bytes: Uint8Array): Promise<DocumentText> {
  let pdf: Awaited<ReturnType<typeof getDocumentProxy>>;
  try {
    // No fonts, no scripts, no XFA: text is all that is wanted.
    pdf = await getDocumentProxy(new Uint8Array(bytes), {
      enableXfa: false,
      disableFontFace: true,
      verbosity: 0,
    });
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException")
      return { text: "", notes: ["The PDF is protected by a password."] };
    throw error;
  }
  const notes: string[] = [];
  const pages: string[] = [];
  let length = 0;
  for (
    let number = 1;
    number <= Math.min(pdf.numPages, maxPages) && length < maxTextCharacters;
    number += 1
  ) {
    const page = await pdf.getPage(number);
    const content = await page.getTextContent();
    const text = toLines(content.items);
    length += text.length;
    if (text !== "") pages.push(pdf.numPages > 1 ? `[page ${number} of ${pdf.numPages}]\n${text}` : text);
    page.cleanup();
  }
  if (pdf.numPages > maxPages) notes.push(`Only the first ${maxPages} of ${pdf.numPages} pages were read.`);
  if (pages.length === 0) notes.push("The PDF holds no text: its pages are pictures, such as a scan.");
  return { text: pages.join("\n\n"), notes };
}

/** Runs of text to lines: a new line where the reader says so or where the height on the page changes. */
function toLines(items: readonly unknown[]): string {
  const lines: string[] = [];
  let line = "";
  let height: number | undefined;
  for (const item of items) {
    if (!isRun(item)) continue;
    const at = item.transform[5];
    if (height !== undefined && at !== undefined && Math.abs(at - height) > 2 && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = "";
    }
    line += item.str;
    if (item.str.trim() !== "") height = at;
    if (item.hasEOL) {
      lines.push(line.trimEnd());
      line = "";
      height = undefined;
    }
  }
  lines.push(line.trimEnd());
  return lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function isRun(item: unknown): item is { str: string; hasEOL: boolean; transform: number[] } {
  return typeof item === "object" && item !== null && "str" in item && "transform" in item;
}
