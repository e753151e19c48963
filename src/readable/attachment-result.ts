/** The text of an attachment, as its reader returns it. */

import type { DocumentText } from "../documents/document-text.ts";

/** `notes`: what a reader must know besides the text, such as that only a part of the file was read. */
export type AttachmentText = {
  text: string;
  notes: string[];
  /** Pages of a PDF that may be pictures, which the document reader reads on request. */
  scan?: DocumentText["scan"];
};

/** The result for a file whose text is not available. */
export const noteOnly = (note: string): AttachmentText => ({ text: "", notes: [note] });

/** `limit`: how much was read, for example "4 MB". */
export const cutNote = (limit: string) =>
  `Only the first ${limit} were read; a download link gives the whole file.`;
