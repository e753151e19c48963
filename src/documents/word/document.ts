/** DOCX (ECMA-376 part 1, section 17): its text with what stands around it; changes and comments are marked. */

import { cutNote, type DocumentText } from "../document-text.ts";
import { hiddenNote, pictureNote, showComment } from "../inline-marks.ts";
import { relationsOf } from "../relationships.ts";
import type { Archive } from "../zip-archive.ts";
import { readWordLists } from "./numbering.ts";
import { readWordText, type Word } from "./part-text.ts";
import { readWordStyles } from "./styles.ts";

const maxMargins = 20;

/** `path`: the member with the text. */
export function readWord(archive: Archive, path: string): DocumentText {
  const relations = relationsOf(archive, path);
  const targetsOf = (kind: string) =>
    relations.filter((one) => one.kind === kind).map(({ target }) => target);
  const xmlOf = (kind: string) => archive.xml(targetsOf(kind)[0] ?? `word/${kind}.xml`);
  const linksOf = (part: string) =>
    new Map(
      relationsOf(archive, part)
        .filter(({ kind }) => kind === "hyperlink")
        .map(({ id, target }) => [id, target]),
    );

  const word: Word = {
    styleOf: readWordStyles(xmlOf("styles")),
    lists: readWordLists(xmlOf("numbering")),
    comments: new Map(),
    notes: new Map(),
    hiddenCharacters: 0,
    isCut: false,
  };
  const comments = readWordText(xmlOf("comments"), new Map(), word).entries;
  word.comments = new Map(comments.map(({ id, author, text }) => [id, showComment(author, text)]));

  const { text } = readWordText(archive.xml(path), linksOf(path), word);
  const notes = ["footnotes", "endnotes"]
    .flatMap((kind) => readWordText(xmlOf(kind), new Map(), word).entries)
    .flatMap((note) => ({ at: word.notes.get(`${note.kind} ${note.id}`) ?? 0, text: note.text }))
    .filter(({ at, text: said }) => at > 0 && said !== "")
    .sort((a, b) => a.at - b.at)
    .map((note) => `[^${note.at}]: ${note.text}`);
  const margins = (kind: string) => {
    const texts = [...new Set(targetsOf(kind))]
      .slice(0, maxMargins)
      .map((part) => readWordText(archive.xml(part), linksOf(part), word).text.replace(/\s*\n\s*/g, " / "));
    return [...new Set(texts)].filter((one) => one !== "").map((one) => `[${kind}: ${one}]`);
  };
  const pictures = archive.members.filter(({ name }) => name.startsWith("word/media/")).length;
  return {
    text: [...margins("header"), text, notes.join("\n"), ...margins("footer")]
      .filter((part) => part !== "")
      .join("\n\n"),
    notes: [...hiddenNote(word.hiddenCharacters), ...pictureNote(pictures), ...(word.isCut ? [cutNote] : [])],
  };
}
