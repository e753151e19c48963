/** The text of one part of a DOCX file: the main document, a header or footer, all footnotes, all comments. */
import { walkXml, type Xml } from "../xml.ts";
import { closeWordElement, openWordElement, readWordCharacters } from "./elements.ts";
import { createWordState, type WordContext, type WordNote } from "./state.ts";

export type WordPart = {
  text: string;
  /** The footnotes, endnotes or comments of a part that holds them. */
  notes: readonly WordNote[];
  hiddenCharacters: number;
  /** True when the part has more text than is read. */
  isCut: boolean;
};

/** `links`: targets by relationship id. Throws when the XML is damaged. */
export function readWordPart(xml: Xml, links: ReadonlyMap<string, string>, context: WordContext): WordPart {
  const state = createWordState(context, links);
  const { writer, notes } = state;
  walkXml(xml, {
    isDone: writer.isFull,
    open: (name, attributes) => openWordElement(state, name, attributes),
    text: (text) => readWordCharacters(state, text),
    close: (name) => closeWordElement(state, name),
  });
  const isCut = writer.isFull();
  return { text: writer.finish(), notes, hiddenCharacters: state.hiddenCharacters, isCut };
}
