/** The text of one part of a DOCX file: of the document, a header, all footnotes, all comments. */

import { type Change, createChanges, linkEnd } from "../inline-marks.ts";
import { createFlow } from "../markdown-writer.ts";
import { walkXml, type Xml } from "../xml.ts";
import type { WordLists } from "./numbering.ts";
import type { WordStyle } from "./styles.ts";

/** What all parts of one file share. */
export type Word = {
  styleOf(id: string): WordStyle;
  lists: WordLists;
  /** By id, as they are shown. */
  comments: ReadonlyMap<string, string>;
  /** The numbers of footnotes and endnotes, by kind and id, in the order in which the text refers to them. */
  notes: Map<string, number>;
  hiddenCharacters: number;
  /** More was said than is kept. */
  isCut: boolean;
};

export type WordEntry = { kind: string; id: string; author: string; text: string };

/** Tick boxes and the like, which Word takes from a font of signs. */
const signs: Readonly<Record<string, string>> = { a8: "☐", fe: "☒", fd: "☒", fc: "✓", fb: "✗", e0: "→" };
const changes: Readonly<Record<string, Change["kind"]>> = {
  ins: "inserted",
  moveTo: "inserted",
  del: "deleted",
  moveFrom: "deleted",
};
const isEntry = (name: string) => name === "comment" || name === "footnote" || name === "endnote";
/** Text in columns and rows that would run together. */
const mathSigns: Readonly<Record<string, string>> = { den: "/", sup: "^", sub: "_" };

type Paragraph = { style: string; numberId: string | undefined; level: number | undefined; outline: number };

/** `links`: addresses by id. */
export function readWordText(xml: Xml, links: ReadonlyMap<string, string>, word: Word) {
  const flow = createFlow();
  const marked = createChanges(flow);
  const entries: WordEntry[] = [];
  let entry: Omit<WordEntry, "text"> | undefined;
  let paragraph: Paragraph = newParagraph();
  let change: Change | undefined;
  /** Inside elements that say how things look. */
  let properties = 0;
  let skipping = 0;
  let inText = false;
  let isHidden = false;
  let columns = 1;
  /** Addresses of the links that are open; none for one inside the document. */
  const open: (string | undefined)[] = [];
  /** What a field is to do, while it is being said. */
  const fields: { code: string; said: boolean; link: boolean }[] = [];

  function say(text: string): void {
    if (skipping > 0) return;
    if (isHidden) word.hiddenCharacters += text.length;
    else marked.say(text, change);
  }

  function openLink(target: string | undefined): void {
    open.push(target);
    if (target) say("[");
  }

  function closeLink(): void {
    const target = open.pop();
    if (target) say(linkEnd(target));
  }

  function field(type: string): void {
    const current = fields.at(-1);
    if (type === "begin") fields.push({ code: "", said: false, link: false });
    else if (type === "separate" && current) {
      const target = /^\s*HYPERLINK\s+"([^"]+)"/.exec(current.code)?.[1];
      Object.assign(current, { said: true, link: target !== undefined });
      if (target) openLink(target);
    } else if (type === "end" && fields.pop()?.link) closeLink();
  }

  function mark(): void {
    const style = word.styleOf(paragraph.style);
    const numberId = paragraph.numberId ?? style.numberId;
    const item = numberId ? word.lists.next(numberId, paragraph.level ?? style.level ?? 0) : undefined;
    const heading = style.heading ?? (paragraph.outline < 6 ? paragraph.outline + 1 : undefined);
    if (heading) flow.mark(`${"#".repeat(heading)} ${item?.label ? `${item.label} ` : ""}`);
    else if (item) flow.mark(item.mark, true);
  }

  walkXml(xml, {
    isDone: flow.isFull,
    open(name, attributes) {
      const { val = "", id = "" } = attributes;
      if (name === "Fallback") skipping += 1;
      if (skipping > 0) return;
      if (/Pr$/.test(name)) {
        properties += 1;
        if (name === "pPr" && properties === 1) paragraph = newParagraph();
      } else if (properties > 0) {
        if (name === "pStyle") paragraph.style = val;
        else if (name === "numId") paragraph.numberId = val;
        else if (name === "ilvl") paragraph.level = Number(val) || 0;
        else if (name === "outlineLvl") paragraph.outline = Number(val);
        else if (name === "gridSpan") columns = Math.min(60, Number(val) || 1);
        // Of a run, not of the sign that ends a paragraph.
        else if (name === "vanish" && properties === 1) isHidden = !/^(0|false|off)$/.test(val);
      } else if (name === "t" || name === "delText") inText = true;
      else if (name === "tab") say("\t");
      else if (name === "br" || name === "cr") say("\n");
      else if (name === "noBreakHyphen") say("-");
      else if (name === "sym") say(signs[(attributes.char ?? "").toLowerCase().replace(/^f0/, "")] ?? "");
      else if (mathSigns[name]) say(mathSigns[name] ?? "");
      else if (changes[name]) change = { kind: changes[name] ?? "inserted", author: attributes.author ?? "" };
      else if (name === "hyperlink") openLink(links.get(id));
      else if (name === "fldChar") field(attributes.fldCharType ?? "");
      else if (name === "commentReference") say(word.comments.get(id) ?? "");
      else if (name === "footnoteReference" || name === "endnoteReference") {
        const key = `${name.replace("Reference", "")} ${id}`;
        word.notes.set(key, word.notes.get(key) ?? word.notes.size + 1);
        say(`[^${word.notes.get(key)}]`);
      } else if (isEntry(name)) {
        flow.openAside();
        entry = { kind: name, id, author: attributes.author ?? "" };
      } else if (name === "txbxContent") {
        marked.close();
        flow.openAside();
      } else if (name === "tbl") flow.openTable();
      else if (name === "tr") flow.openRow();
      else if (name === "tc") {
        columns = 1;
        flow.openCell();
      }
    },
    text(text) {
      const current = fields.at(-1);
      if (skipping > 0) return;
      if (inText) say(text);
      else if (current && !current.said && current.code.length < 2_000) current.code += text;
    },
    close(name) {
      if (name === "Fallback") skipping -= 1;
      if (skipping > 0) return;
      if (/Pr$/.test(name)) {
        properties -= 1;
        if (name === "pPr" && properties === 0) mark();
      } else if (properties > 0) return;
      else if (name === "t" || name === "delText") inText = false;
      else if (name === "r") isHidden = false;
      else if (name === "hyperlink") closeLink();
      else if (changes[name]) change = undefined;
      else if (name === "p") {
        marked.close();
        flow.endParagraph();
      } else if (isEntry(name) && entry) entries.push({ ...entry, text: flow.closeAside() });
      else if (name === "txbxContent") flow.after(flow.closeAside());
      else if (name === "tc") flow.closeCell({ columns });
      else if (name === "tbl") flow.closeTable();
    },
  });
  word.isCut ||= flow.isFull();
  return { text: flow.finish(), entries };
}

const newParagraph = (): Paragraph => ({ style: "", numberId: undefined, level: undefined, outline: 9 });
