/** The body of an email as another one may carry it on: quoted in a reply, or passed on as it looked. */
import { type AnyNode, isTag } from "domhandler";
import { DomUtils, parseDocument } from "htmlparser2";
import { createLinkIndex, type LinkIndex } from "../html/link-index.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import { limitNesting } from "../html/nesting.ts";

import { show } from "../readable/fold.ts";
import type { File, Original } from "./composed-email.ts";
import { escapeWords, toHtml, toLines, unescapeWords } from "./markdown.ts";
import { toPlain } from "./plain.ts";

export type Body = { text: string; html: string };

const maxCharacters = 60_000;

/**
 * For a quote: the words of the HTML, where there is any, in both parts. A text part beside it may be a stub ("view
 * this in your browser"), and is mostly wrapped. Styles, pictures and layout stay behind.
 */
export function toQuotable({ html, text = "" }: Original): Body {
  const markdown = html === undefined ? "" : shorten(toPlainMarkdown(html));
  const words = toPlain(markdown);
  if (words !== "") return { text: words, html: toHtml(markdown) };
  const plain = shorten(text);
  return { text: plain, html: toLines(plain) };
}

/** For passing on: the HTML as it was, without what acts, and its words. */
export function toForwardable(original: Original): Body {
  if (original.html === undefined) return toQuotable(original);
  return { text: toQuotable(original).text, html: toHarmless(original.html) };
}

/** Long link targets belong to newsletters and trackers; in a quote the words are enough. */
function toPlainMarkdown(html: string): string {
  const book = createLinkIndex();
  const plain: LinkIndex = {
    ...book,
    describeTarget(target, text) {
      const shown = book.describeTarget(target, unescapeWords(text));
      if (shown?.includes(" #")) return undefined;
      // In markdown these would end the target.
      return shown?.replace(/[()<>\\]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
    },
  };
  return show(htmlToMarkdown(html, plain, escapeWords).lines).join("\n");
}

function shorten(text: string): string {
  const clean = text
    .toWellFormed()
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trimEnd();
  return clean.length <= maxCharacters
    ? clean
    : `${clean.slice(0, maxCharacters).toWellFormed()}\n[shortened]`;
}

/** Elements that act, load documents, or ask for something; `title` and `base` belong to another document. */
const acting = new Set(
  "script noscript iframe frame frameset object embed applet form input button select textarea base meta link title".split(
    " ",
  ),
);
const maxDepth = 400;

/** HTML without what acts: scripts, forms, frames, events, and targets that are no links. Styles are kept. */
function toHarmless(html: string): string {
  const document = parseDocument(limitNesting(html), { decodeEntities: true });
  const walk = (nodes: readonly AnyNode[], depth: number): void => {
    for (const node of [...nodes]) {
      if (!isTag(node)) {
        if (node.type === "comment" || node.type === "directive") DomUtils.removeElement(node);
        continue;
      }
      if (node.name === "form") {
        // What stands in a form is text like any other.
        walk(node.children, depth + 1);
        for (const child of [...node.children]) DomUtils.prepend(node, child);
      }
      if (acting.has(node.name) || depth > maxDepth) {
        DomUtils.removeElement(node);
        continue;
      }
      for (const [name, value] of Object.entries(node.attribs)) {
        const target = value.replace(/[\s\p{Cc}]+/gu, "").toLowerCase();
        if (name.startsWith("on") || name === "srcdoc" || /^(javascript|vbscript):/.test(target))
          delete node.attribs[name];
      }
      walk(node.children, depth + 1);
    }
  };
  walk(document.children, 0);
  const [body] = DomUtils.getElementsByTagName("body", document, true, 1);
  const styles = DomUtils.getElementsByTagName("style", document.children, true, 40).filter(
    (element) => !body || !isInside(element, body),
  );
  const content = body ? body.children : document.children;
  return [...(body ? styles : []), ...content].map((node) => DomUtils.getOuterHTML(node)).join("");
}

/** HTML without pictures that came as attachments and do not go along: they would show as empty frames. */
export function dropPictures(html: string, files: readonly File[]): { html: string; dropped: number } {
  if (!/\bcid:/i.test(html)) return { html, dropped: 0 };
  const kept = new Set(files.map(({ cid }) => cid));
  const document = parseDocument(limitNesting(html), { decodeEntities: true });
  const lost = DomUtils.getElementsByTagName("img", document, true).filter(({ attribs }) => {
    const [, cid] = /^cid:(.*)$/is.exec((attribs.src ?? "").trim()) ?? [];
    return cid !== undefined && !kept.has(cid) && !kept.has(decodeCid(cid));
  });
  if (lost.length === 0) return { html, dropped: 0 };
  for (const picture of lost) DomUtils.removeElement(picture);
  return { html: DomUtils.getOuterHTML(document), dropped: lost.length };
}

/** RFC 2392 section 2: a Content-ID in a URL may be percent-encoded. */
function decodeCid(cid: string): string {
  try {
    return decodeURIComponent(cid);
  } catch {
    return cid;
  }
}

function isInside(node: AnyNode, ancestor: AnyNode): boolean {
  for (let parent = node.parent; parent; parent = parent.parent) if (parent === ancestor) return true;
  return false;
}
