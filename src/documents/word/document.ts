/** DOCX (ECMA-376 part 1, section 17): the text with its headers, footers, notes, comments and tracked changes. */
import { type DocumentText, toNotes } from "../document-text.ts";
import { joinLines, toComment } from "../inline-marks.ts";
import { readRelationships } from "../relationships.ts";
import type { ZipArchive } from "../zip-archive.ts";
import { readWordNumbering } from "./numbering.ts";
import { readWordPart, type WordPart } from "./part.ts";
import type { WordContext, WordNote } from "./state.ts";
import { readWordStyles } from "./styles.ts";

const maxMargins = 20;

/** `mainPart`: the member name of the main document. Throws when a part is damaged. */
export function readWordDocument(archive: ZipArchive, mainPart: string): DocumentText {
  const relationships = readRelationships(archive, mainPart);
  const targetsOf = (kind: string) =>
    relationships.filter((one) => one.kind === kind).map(({ target }) => target);
  const xmlOf = (kind: string) => archive.xml(targetsOf(kind)[0] ?? `word/${kind}.xml`);

  let comments: ReadonlyMap<string, string> = new Map();
  const noteNumbers = new Map<string, number>();
  const context: WordContext = {
    styleOf: readWordStyles(xmlOf("styles")),
    numbering: readWordNumbering(xmlOf("numbering")),
    commentOf: (id) => comments.get(id) ?? "",
    referToNote(key) {
      const number = noteNumbers.get(key) ?? noteNumbers.size + 1;
      noteNumbers.set(key, number);
      return number;
    },
  };
  const parts: WordPart[] = [];
  function readPart(xml: Iterable<string>, links: ReadonlyMap<string, string> = new Map()): WordPart {
    const part = readWordPart(xml, links, context);
    parts.push(part);
    return part;
  }
  const readLinkedPart = (name: string) => readPart(archive.xml(name), linksOf(archive, name));
  const readMargins = (kind: "header" | "footer") => {
    const names = [...new Set(targetsOf(kind))].slice(0, maxMargins);
    const texts = new Set(names.map((name) => joinLines(readLinkedPart(name).text)));
    return [...texts].filter((text) => text !== "").map((text) => `[${kind}: ${text}]`);
  };

  const commentNotes = readPart(xmlOf("comments")).notes;
  comments = new Map(commentNotes.map(({ id, author, text }) => [id, toComment(author, text)]));
  const { text } = readLinkedPart(mainPart);
  const notes = ["footnotes", "endnotes"].flatMap((kind) => readPart(xmlOf(kind)).notes);
  const blocks = [
    ...readMargins("header"),
    text,
    toNoteLines(notes, noteNumbers).join("\n"),
    ...readMargins("footer"),
  ];
  return {
    text: blocks.filter((block) => block !== "").join("\n\n"),
    notes: toNotes({
      hiddenCharacters: parts.reduce((sum, { hiddenCharacters }) => sum + hiddenCharacters, 0),
      pictures: archive.members.filter(({ name }) => name.startsWith("word/media/")).length,
      isCut: parts.some(({ isCut }) => isCut),
    }),
  };
}

/** The targets of hyperlinks by relationship id. */
function linksOf(archive: ZipArchive, part: string): ReadonlyMap<string, string> {
  const links = readRelationships(archive, part).filter(({ kind }) => kind === "hyperlink");
  return new Map(links.map(({ id, target }) => [id, target]));
}

/** Returns "[^1]: text" for each note that the text refers to, in the order of their numbers. */
function toNoteLines(notes: readonly WordNote[], numbers: ReadonlyMap<string, number>): string[] {
  return notes
    .map(({ kind, id, text }) => ({ number: numbers.get(`${kind} ${id}`) ?? 0, text }))
    .filter(({ number, text }) => number > 0 && text !== "")
    .sort((a, b) => a.number - b.number)
    .map(({ number, text }) => `[^${number}]: ${text}`);
}
