/** The text of one part of an ODT, ODS or ODP file. */
import { walkXml, type Xml } from "../xml.ts";
import { closeOdfElement, openOdfElement, readOdfCharacters } from "./elements.ts";
import { createOdfState, type OdfMargin } from "./state.ts";
import type { OdfStyles } from "./styles.ts";

export type OdfText = {
  text: string;
  /** Footnotes and endnotes, as they are written below the text. */
  notes: readonly string[];
  /** Headers and footers of the page styles. */
  margins: readonly OdfMargin[];
  hiddenCharacters: number;
  /** True when the part has more text than is read. */
  isCut: boolean;
};

/** Throws when the XML is damaged. */
export function readOdfText(xml: Xml, styles: OdfStyles): OdfText {
  const state = createOdfState(styles);
  const { writer, notes, margins } = state;
  walkXml(xml, {
    isDone: writer.isFull,
    open: (name, attributes) => openOdfElement(state, name, attributes),
    text: (text) => readOdfCharacters(state, text),
    close: (name) => closeOdfElement(state, name),
  });
  const text = writer.finish();
  return { text, notes, margins, hiddenCharacters: state.hiddenCharacters, isCut: writer.isFull() };
}
