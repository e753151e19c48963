/** Text files as attachments: calendars, contacts, HTML and plain text. */
import type { Part } from "../email/part.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import { type AttachmentText, cutNote, noteOnly } from "./attachment-result.ts";
import { calendarToLines } from "./calendar.ts";
import { stripMarks } from "./fold-history.ts";
import { decodeTextFile } from "./text-file.ts";
import { vcardsToLines } from "./vcard.ts";

type TextFormat = {
  type: RegExp;
  extensions: readonly string[];
  /** A beginning that tells the format, whatever name and type say. */
  beginning?: RegExp;
  read(source: string): AttachmentText;
};

const linesOnly = (lines: readonly string[]): AttachmentText => ({
  text: lines.join("\n").trim(),
  notes: [],
});

const formats: readonly TextFormat[] = [
  {
    type: /^text\/calendar$/,
    extensions: ["ics", "ifb"],
    read: (source) => linesOnly(calendarToLines(source)),
  },
  {
    type: /^text\/(x-)?vcard$|^text\/directory$/,
    extensions: ["vcf", "vcard"],
    read: (source) => linesOnly(vcardsToLines(source)),
  },
  {
    type: /^text\/html$|^application\/xhtml/,
    extensions: ["html", "htm"],
    // Banks and shops send HTML tables with the extension .xls.
    beginning: /^\W*<(!doctype html|html)\b/i,
    read: readHtmlText,
  },
];

const headCharacters = 1024;

/** Reads a text file; the text is empty, without notes, when the bytes are not text. */
export function readTextFile(bytes: Buffer, part: Part, extension: string): AttachmentText {
  const file = decodeTextFile(bytes, part.charset);
  if (!file) return { text: "", notes: [] };
  if (file.text.trim() === "") return noteOnly("The file contains only white space.");
  const head = file.text.slice(0, headCharacters);
  const format = formats.find(
    ({ type, extensions, beginning }) =>
      type.test(part.type) || extensions.includes(extension) || beginning?.test(head),
  );
  const { text, notes } = format?.read(file.text) ?? linesOnly(file.text.split(/\r\n?|\n/));
  return { text, notes: [...file.notes, ...notes] };
}

/** Longer HTML would keep other callers waiting. */
const maxHtmlCharacters = 1_000_000;

/** Renders HTML as Markdown, up to 1,000,000 characters of it. */
function readHtmlText(source: string): AttachmentText {
  const text = stripMarks(htmlToMarkdown(source.slice(0, maxHtmlCharacters)).lines).join("\n");
  const isCut = source.length > maxHtmlCharacters;
  return { text, notes: isCut ? [cutNote(`${maxHtmlCharacters} characters of HTML`)] : [] };
}
