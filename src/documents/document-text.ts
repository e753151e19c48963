/** The text of a document, and the limits on reading it. */

export type DocumentText = {
  text: string;
  /** Sentences about what was left out and why. */
  notes: string[];
  /** Files inside, whose text is not in `text`. */
  files?: InnerFile[];
  /** Pages of a PDF that may be pictures. `isWhole`: no page has text. */
  scan?: { pages: TextlessPage[]; isWhole: boolean };
};

/** `at`: where the page begins in the text, in characters. */
export type TextlessPage = { page: number; at: number };

export type PagePicture = { page: number; mimeType: string; bytes: Uint8Array };

/** `nextPage`: the first page that was not looked at, because the answer is full; `tooLarge`: pages beyond the limit. */
export type PagePictures = { pictures: PagePicture[]; tooLarge: number[]; nextPage?: number };

/** `name`: empty for a part of the document itself, such as the HTML body of a saved email. */
export type InnerFile = { name: string; type?: string; charset?: string; bytes: Uint8Array };

/** Maximum length of the text of one document. */
export const maxTextCharacters = 2_000_000;
/** Maximum size of all unpacked members of one file, in bytes. */
export const maxUnpackedBytes = 64_000_000;

export const macrosNote =
  "The file contains macros: programs that run when it is opened in Office and macros are allowed.";

const cutNote = `Only the first ${maxTextCharacters} characters were read; a download link gives the whole file.`;

/** Composes a note for each of hidden text, pictures, and text beyond the limit, if there is any. */
export function toNotes({ hiddenCharacters = 0, pictures = 0, isCut = false }): string[] {
  const notes: string[] = [];
  if (hiddenCharacters > 0) notes.push(`Hidden text was left out: ${hiddenCharacters} characters.`);
  if (pictures === 1) notes.push("The file contains 1 picture, which is not shown here.");
  if (pictures > 1) notes.push(`The file contains ${pictures} pictures, which are not shown here.`);
  if (isCut) notes.push(cutNote);
  return notes;
}

/** Cuts the text at the limit, and removes duplicate notes. */
export function limitText({ text, notes, ...more }: DocumentText): DocumentText {
  const limited = text.slice(0, maxTextCharacters).toWellFormed();
  const isCut = limited.length < text.length;
  return { text: limited, notes: [...new Set([...notes, ...toNotes({ isCut })])], ...more };
}
