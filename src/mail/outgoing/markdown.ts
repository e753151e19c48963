/** Markdown, as Claude writes it: parsed once and for all, and as the HTML part of an email. */
import MarkdownIt, { type Token } from "markdown-it";

/**
 * No raw HTML; a single line break is a line break, as a person expects in an email; only URLs with a scheme become
 * links by themselves, so that "notes.md" stays a file name, and they are shown as they were written; no images, which
 * would be loads from elsewhere.
 */
function createRenderer() {
  const renderer = new MarkdownIt({ html: false, linkify: true, breaks: true, typographer: false });
  renderer.disable("image");
  renderer.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  renderer.normalizeLinkText = (url) => url;
  return renderer;
}

/** A background takes its colour along: mail programs in the dark turn the letters white. */
const style = [
  "body{font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45}",
  "blockquote{margin:0 0 0 .4em;padding-left:.8em;border-left:2px solid #bbb}",
  "table{border-collapse:collapse}th,td{border:1px solid #bbb;padding:.25em .6em}",
  "pre{background:#f4f4f4;color:#222;padding:.6em;white-space:pre-wrap}",
].join("");

/** Markdown -> an HTML fragment with CRLF line ends. */
export function toHtml(markdown: string): string {
  return createRenderer().render(markdown).trimEnd();
}

/** The same, as the tokens that the text part is made of. */
export function parseMarkdown(markdown: string): Token[] {
  return createRenderer().parse(markdown, {});
}

/**
 * Words that are no markdown, so that they come out of it as they are (CommonMark 2.4). Indentation, which would make
 * code, becomes spaces that do not break; addresses stay what links are made of.
 */
export function escapeWords(text: string): string {
  return text
    .replace(/^[ \t]+(?=\S)/gm, (indent) => indent.replace(/\s/g, "\u00a0"))
    .replace(/[^ \t\n\r\f]+/g, (word) => (/:\/\//.test(word) ? word : word.replace(punctuation, "\\$&")));
}

const punctuation = /[!-/:-@[-`{-~]/g;

export function unescapeWords(text: string): string {
  return text.replace(/\\([!-/:-@[-`{-~])/g, "$1");
}

/** Plain text -> an HTML fragment, line by line, with its indentation and gaps. */
export function toLines(text: string): string {
  const spaced = escapeHtml(text)
    .replace(/\t/g, "    ")
    .replace(/^ | (?= )/gm, "&nbsp;");
  return `<div>${spaced.split("\n").join("<br>\n")}</div>`;
}

/** A fragment -> a whole document. */
export function toDocument(fragment: string): string {
  return [
    "<!DOCTYPE html>",
    `<html><head><meta charset="utf-8"><style>${style}</style></head><body>`,
    fragment,
    "</body></html>",
    "",
  ].join("\n");
}

export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[character] ?? "",
  );
}
