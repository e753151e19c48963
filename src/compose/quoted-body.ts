/** The body of an original email as a reply quotes it and as a forward contains it. */
import { type AnyNode, isTag } from "domhandler";
import { DomUtils, parseDocument } from "htmlparser2";
import { createLinkIndex, type LinkIndex } from "../html/link-index.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import { limitNesting } from "../html/nesting.ts";

import { stripMarks } from "../readable/fold-history.ts";
import type { AttachedFile } from "./attached-file.ts";
import type { OriginalEmail } from "./email-request.ts";
import { escapeMarkdown, markdownToHtml, plainTextToHtml, unescapeMarkdown } from "./markdown-html.ts";
import { markdownToText } from "./markdown-text.ts";

export type QuotedBody = { text: string; html: string };

const maxCharacters = 60_000;

/**
 * The body for a quote, without styles, pictures and layout. Both parts are made from the HTML where there is any: the
 * text part beside it may be a stub ("view this in your browser"), and is usually wrapped.
 */
export function toQuotedBody({ html, text = "" }: OriginalEmail): QuotedBody {
  const markdown = html === undefined ? "" : shorten(toQuotedMarkdown(html));
  const words = markdownToText(markdown);
  if (words !== "") return { text: words, html: markdownToHtml(markdown) };
  const plain = shorten(text);
  return { text: plain, html: plainTextToHtml(plain) };
}

/** The body for a forward: the HTML as it was, without active content, and its text. */
export function toForwardedBody(original: OriginalEmail): QuotedBody {
  if (original.html === undefined) return toQuotedBody(original);
  return { text: toQuotedBody(original).text, html: removeActiveContent(original.html) };
}

/** Converts HTML to Markdown without long link targets, which are mostly trackers of newsletters. */
function toQuotedMarkdown(html: string): string {
  const index = createLinkIndex();
  const plain: LinkIndex = {
    ...index,
    describeTarget(target, text) {
      const shown = index.describeTarget(target, unescapeMarkdown(text));
      if (shown?.includes(" #")) return undefined;
      // These characters would end the target in Markdown.
      return shown?.replace(/[()<>\\]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
    },
  };
  return stripMarks(htmlToMarkdown(html, plain, escapeMarkdown).lines).join("\n");
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

/** Elements that run, load documents or take input; `title` and `base` belong to another document. */
const activeElements = new Set(
  "script noscript iframe frame frameset object embed applet form input button select textarea base meta link title".split(
    " ",
  ),
);
const maxDepth = 400;

/** Removes scripts, forms, frames, event handlers and script URLs. Styles stay. */
function removeActiveContent(html: string): string {
  const document = parseDocument(limitNesting(html), { decodeEntities: true });
  const walk = (nodes: readonly AnyNode[], depth: number): void => {
    for (const node of [...nodes]) {
      if (!isTag(node)) {
        if (node.type === "comment" || node.type === "directive") DomUtils.removeElement(node);
        continue;
      }
      if (node.name === "form") {
        // A form's content is text like any other.
        walk(node.children, depth + 1);
        for (const child of [...node.children]) DomUtils.prepend(node, child);
      }
      if (activeElements.has(node.name) || depth > maxDepth) {
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

/**
 * Removes pictures that refer to attachments (RFC 2392) which are not among `files`: mail programs would show empty
 * frames. `removed`: their number.
 */
export function removeMissingImages(
  html: string,
  files: readonly AttachedFile[],
): { html: string; removed: number } {
  if (!/\bcid:/i.test(html)) return { html, removed: 0 };
  const kept = new Set(files.map(({ cid }) => cid));
  const document = parseDocument(limitNesting(html), { decodeEntities: true });
  const missing = DomUtils.getElementsByTagName("img", document, true).filter(({ attribs }) => {
    const [, cid] = /^cid:(.*)$/is.exec((attribs.src ?? "").trim()) ?? [];
    return cid !== undefined && !kept.has(cid) && !kept.has(decodeCid(cid));
  });
  if (missing.length === 0) return { html, removed: 0 };
  for (const picture of missing) DomUtils.removeElement(picture);
  return { html: DomUtils.getOuterHTML(document), removed: missing.length };
}

/** Decodes a Content-ID in a URL (RFC 2392 section 2). */
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
