/** PDF, by Mozilla's reader: the text of its pages, and what is filled in, linked and remarked on them. */
import { getDocumentProxy } from "unpdf";
import { cutNote, type DocumentText, maxTextCharacters } from "../document-text.ts";
import { pageRemarks } from "./annotations.ts";
import { toLines } from "./lines.ts";

const maxPages = 3_000;
/** Some pages take seconds: what was read by then is of more use than nothing. Below the reader's own deadline. */
const enoughMs = 9_000;

/** Throws when it is no PDF that can be read; a password that nobody knows is said. */
export async function readPdf(bytes: Uint8Array): Promise<DocumentText> {
  const begun = performance.now();
  let hasUnknownLetters = false;
  /** Asked for what fonts take for granted: tables of Asian letters, which we do not have, and their outlines. */
  function unknownTables() {
    const fetch = ({ kind }: { kind: string }): Promise<never> => {
      hasUnknownLetters ||= kind === "cMapUrl";
      return Promise.reject(new Error("there are none"));
    };
    return { fetch };
  }
  let pdf: Awaited<ReturnType<typeof getDocumentProxy>>;
  try {
    // No fonts, no scripts, no XFA: text is all that is wanted.
    pdf = await getDocumentProxy(new Uint8Array(bytes), {
      enableXfa: false,
      disableFontFace: true,
      verbosity: 0,
      BinaryDataFactory: unknownTables,
    });
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException")
      return { text: "", notes: ["The PDF is protected by a password."] };
    throw error;
  }
  const pages: string[] = [];
  const empty: number[] = [];
  let length = 0;
  let number = 0;
  while (number < Math.min(pdf.numPages, maxPages) && length < maxTextCharacters) {
    if (performance.now() - begun > enoughMs) break;
    number += 1;
    const page = await pdf.getPage(number);
    const lines = toLines((await page.getTextContent()).items);
    const text = [lines, ...pageRemarks(await page.getAnnotations(), lines)]
      .filter((part) => part !== "")
      .join("\n\n");
    page.cleanup();
    if (lines === "") empty.push(number);
    if (text === "") continue;
    length += text.length;
    pages.push(pdf.numPages > 1 ? `[page ${number} of ${pdf.numPages}]\n${text}` : text);
  }
  const attached = Object.keys((await pdf.getAttachments()) ?? {});
  return {
    text: pages.join("\n\n"),
    notes: [
      ...(number < pdf.numPages ? [`Only the first ${number} of ${pdf.numPages} pages were read.`] : []),
      ...(length >= maxTextCharacters ? [cutNote] : []),
      ...(hasUnknownLetters ? [lettersNote] : emptyNote(empty, number)),
      ...(attached.length > 0
        ? [`Files are attached inside it: ${attached.length}; a download link gives all.`]
        : []),
    ],
  };
}

const lettersNote =
  "Some of its text is in an Asian script whose letters the file does not tell: it is missing here, or wrong; a download link gives the file.";

function emptyNote(empty: readonly number[], read: number): string[] {
  if (empty.length === 0) return [];
  if (empty.length === read) return ["The PDF holds no text: its pages are pictures, such as a scan."];
  const pages = empty.length === 1 ? "page" : "pages";
  return [`No text is on ${pages} ${toRanges(empty)}: pictures, such as a scan, or nothing.`];
}

/** 1, 2, 3, 5 -> "1-3, 5". */
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
