/** The text of a part of an ODT, ODS or ODP file; changes and comments are marked in it. */

import { type Change, createChanges, linkEnd, showComment } from "../inline-marks.ts";
import { createFlow } from "../markdown-writer.ts";
import { walkXml, type Xml } from "../xml.ts";
import { createOpenLists } from "./lists.ts";
import type { OpenStyles } from "./styles.ts";
import { createOpenTables } from "./tables.ts";

type Attributes = Readonly<Record<string, string>>;

const isBlock = (name: string) => name === "p" || name === "h";
const mayBeHidden = (name: string) => isBlock(name) || name === "span" || name === "section";
/** The number of a note, which we count; how a word is said; what a picture shows. */
const isUnsaid = (name: string) => name === "note-citation" || name === "ruby-text" || name === "desc";
const oneLine = (text: string) => text.replace(/\s*\n\s*/g, " / ");

export function readOpenText(xml: Xml, styles: OpenStyles) {
  const flow = createFlow();
  const marked = createChanges(flow);
  const lists = createOpenLists(styles);
  const notes: string[] = [];
  const margins: { kind: string; text: string }[] = [];
  const deleted = new Map<string, Change & { text: string }>();
  const inserted = new Map<string, Change>();
  const links: (string | undefined)[] = [];
  /** Of each element that is open and may be hidden, whether it is. */
  const hides: boolean[] = [];
  let hiddenCharacters = 0;
  /** Paragraphs that are open; around a note in the midst of one, in `outer`. */
  let blocks = 0;
  const outer: number[] = [];
  let unsaid = 0;
  let change: Change | undefined;
  let changeId = "";
  let author = "";
  let inAuthor = false;
  let slides = 0;

  function say(text: string): void {
    if (hides.includes(true)) hiddenCharacters += text.length;
    else marked.say(text, change);
  }

  function sayAlone(text: string, prefix = ""): void {
    flow.endParagraph();
    flow.mark(prefix);
    flow.text(text);
    flow.endParagraph();
  }

  const tables = createOpenTables(flow, styles, sayAlone);

  function openAside(): void {
    marked.close();
    flow.openAside();
    outer.push(blocks);
    blocks = 0;
  }

  function closeAside(): string {
    blocks = outer.pop() ?? 0;
    return flow.closeAside();
  }

  function openBlock(name: string, attributes: Attributes): void {
    blocks += 1;
    const item = lists.mark();
    if (name === "p") {
      if (item) flow.mark(item.mark, true);
      else if (attributes["style-name"] === "Title") flow.mark("# ");
      return;
    }
    const level = Math.min(6, Number(attributes["outline-level"]) || 1);
    const label = item ? item.label : attributes["is-list-header"] ? "" : lists.heading(level);
    flow.mark(`${"#".repeat(level)} ${label ? `${label} ` : ""}`);
  }

  const open: Readonly<Record<string, (attributes: Attributes) => void>> = {
    list: (attributes) =>
      lists.open(
        attributes["style-name"],
        attributes["continue-numbering"] === "true" || attributes["continue-list"] !== undefined,
      ),
    "list-item": ({ "start-value": start }) => lists.item(start === undefined ? undefined : Number(start)),
    s: ({ c }) => say(" ".repeat(Math.min(80, Number(c) || 1))),
    tab: () => say("\t"),
    "line-break": () => say("\n"),
    a({ href }) {
      links.push(href?.startsWith("#") ? undefined : href);
      if (links.at(-1)) say("[");
    },
    creator() {
      inAuthor = blocks === 0;
      if (inAuthor) author = "";
    },
    annotation() {
      author = "";
      openAside();
    },
    "note-body": openAside,
    "text-box": openAside,
    notes: openAside,
    header: openAside,
    "header-first": openAside,
    footer: openAside,
    "footer-first": openAside,
    deletion: openAside,
    "changed-region"({ id = "" }) {
      changeId = id;
      author = "";
    },
    change: ({ "change-id": id = "" }) => marked.say(deleted.get(id)?.text ?? "", deleted.get(id)),
    "change-start"({ "change-id": id = "" }) {
      change = inserted.get(id);
    },
    "change-end"() {
      change = undefined;
    },
    page({ "style-name": style = "" }) {
      slides += 1;
      sayAlone(`Slide ${slides}${styles.hidden.has(style) ? " (hidden)" : ""}`, "## ");
    },
    ...tables.open,
  };

  const close: Readonly<Record<string, () => void>> = {
    list: lists.close,
    a() {
      const target = links.pop();
      if (target) say(linkEnd(target));
    },
    creator() {
      inAuthor = false;
    },
    annotation() {
      const comment = showComment(author, closeAside());
      // Of a cell it comes before the cell's text.
      if (blocks === 0) flow.after(comment);
      else say(comment);
    },
    "note-body"() {
      notes.push(`[^${notes.length + 1}]: ${closeAside()}`);
      say(`[^${notes.length}]`);
    },
    "text-box"() {
      flow.after(closeAside());
      if (blocks === 0) flow.endParagraph();
    },
    notes() {
      const text = oneLine(closeAside());
      if (text !== "") sayAlone(`Notes: ${text}`);
    },
    header: () => void margins.push({ kind: "header", text: oneLine(closeAside()) }),
    "header-first": () => void margins.push({ kind: "header", text: oneLine(closeAside()) }),
    footer: () => void margins.push({ kind: "footer", text: oneLine(closeAside()) }),
    "footer-first": () => void margins.push({ kind: "footer", text: oneLine(closeAside()) }),
    deletion: () => void deleted.set(changeId, { kind: "deleted", author, text: oneLine(closeAside()) }),
    "changed-region": () => void inserted.set(changeId, { kind: "inserted", author }),
    ...tables.close,
  };

  walkXml(xml, {
    isDone: flow.isFull,
    open(name, attributes) {
      if (mayBeHidden(name))
        hides.push(attributes.display === "none" || styles.hidden.has(attributes["style-name"] ?? ""));
      if (isUnsaid(name)) unsaid += 1;
      if (isBlock(name)) openBlock(name, attributes);
      else if (Object.hasOwn(open, name)) open[name]?.(attributes);
    },
    text(text) {
      if (inAuthor) author += text;
      else if (blocks > 0 && unsaid === 0) say(text);
    },
    close(name) {
      if (isBlock(name)) {
        marked.close();
        flow.endParagraph();
        blocks -= 1;
      } else if (Object.hasOwn(close, name)) close[name]?.();
      if (isUnsaid(name)) unsaid -= 1;
      if (mayBeHidden(name)) hides.pop();
    },
  });
  return { text: flow.finish(), notes, margins, hiddenCharacters, isCut: flow.isFull() };
}
