/** Files inside an attachment: what they say, below a heading for each, within limits on their number and time. */
import { withDeadline } from "../abort.ts";
import type { InnerFile } from "../documents/document-text.ts";
import { toSafeFileName } from "../email/file-name.ts";
import type { Part } from "../email/part.ts";
import { AppError } from "../errors.ts";
import type { AttachmentText } from "./attachment-result.ts";

/** Files inside that are read; further ones are only listed. */
const maxFilesRead = 10;
/** Characters of the texts of all files inside. */
const maxCharacters = 4_000_000;
/** Below the deadline of a tool call, so that what was read by then is answered. */
const readingMs = 25_000;

type ReadFile = (bytes: Buffer, part: Part, signal: AbortSignal) => Promise<AttachmentText>;

export type InnerFileReader = ReturnType<typeof createInnerFileReader>;

/** `readFile` reads one file. */
export function createInnerFileReader(readFile: ReadFile, signal: AbortSignal) {
  const deadline = withDeadline(signal, readingMs);
  const remaining = { files: maxFilesRead, characters: maxCharacters };
  const notes = new Set<string>();

  async function readText(file: InnerFile): Promise<string> {
    const { text, notes: fileNotes } = await readFile(Buffer.from(file.bytes), toPart(file), deadline);
    const shown = text.slice(0, remaining.characters).toWellFormed();
    remaining.characters -= text.length;
    if (shown.length < text.length)
      notes.add(`Only the first ${maxCharacters} characters of the files inside were read.`);
    return [...fileNotes.map((note) => `[${note}]`), shown].filter((piece) => piece !== "").join("\n");
  }

  return {
    /**
     * Returns the text of a file below its heading, without one for a file that has no name; nothing for a file without
     * text. Throws what `readFile` throws once the signal aborts.
     */
    async read(file: InnerFile): Promise<string[]> {
      if (file.bytes.length === 0 || /^(image|audio|video)\//.test(file.type ?? "")) return [];
      const heading = file.name === "" ? "" : toHeading(file.name);
      if (file.name !== "") remaining.files -= 1;
      if (remaining.files < 0) notes.add(`Only the first ${maxFilesRead} files inside were read.`);
      if (deadline.aborted) notes.add("Some files inside were not read, because reading took too long.");
      if (remaining.files < 0 || remaining.characters <= 0 || deadline.aborted) return [];
      try {
        const content = await readText(file);
        return content === "" ? [] : [[heading, content].filter((piece) => piece !== "").join("\n\n")];
      } catch (error) {
        if (signal.aborted || !(error instanceof AppError || deadline.aborted)) throw error;
        return [
          [heading, `[${error instanceof AppError ? error.message : "Reading took too long."}]`].join("\n\n"),
        ];
      }
    },
    /** Sentences about what was not read. */
    notes: () => [...notes],
  };
}

export const toHeading = (name: string) => `--- ${toSafeFileName(name || "unnamed")} ---`;

const toPart = ({ name, type, charset, bytes }: InnerFile): Part => ({
  part: "",
  type: type?.toLowerCase() || "application/octet-stream",
  charset,
  size: bytes.length,
  name: toSafeFileName(name || "unnamed"),
  parameters: {},
  children: [],
});
