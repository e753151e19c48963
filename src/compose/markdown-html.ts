/** Markdown, as Claude writes it, as the HTML part of an email. */
import MarkdownIt, { type MarkdownIt as Renderer, type Token } from "markdown-it";

/**
 * The dialect: no raw HTML; a single line break breaks the line, as people expect in email, and so does <br>, the only
 * break possible in a table cell; only URLs with a scheme become links, so that "notes.md" stays a file name, and they
 * are shown as written; images become links, since they would be loaded from elsewhere; no setext headings (CommonMark
 * section 4.3), because in email "--" precedes a signature.
 */
function createRenderer() {
  const renderer = new MarkdownIt({ html: false, linkify: true, breaks: true, typographer: false });
  renderer.disable("lheading");
  renderer.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  renderer.normalizeLinkText = (url) => url;
  renderer.inline.ruler.before("autolink", "br", (state, silent) => {
    const [tag] = /^<br\s*\/?>(?:[ \t]*\n)?/i.exec(state.src.slice(state.pos, state.pos + 20)) ?? [];
    if (tag === undefined) return false;
    if (!silent) state.push("hardbreak", "br", 0);
    state.pos += tag.length;
    return true;
  });
  renderer.core.ruler.push("image_links", ({ tokens }) => {
    for (const token of tokens) if (token.children) token.children = linkImages(token.children, renderer);
  });
  renderer.renderer.rules.fence = renderCode;
  renderer.renderer.rules.code_block = renderCode;
  return renderer;
}

/** Replaces each image by a link to it; inside a link, or without a URL to link to, by its text. */
function linkImages(tokens: Token[], renderer: Renderer): Token[] {
  let depth = 0;
  return tokens.flatMap((token) => {
    if (token.type !== "image") {
      depth += /^link_/.test(token.type) ? token.nesting : 0;
      return token;
    }
    const href = String(token.attrGet("src") ?? "");
    const isLink = depth === 0 && href !== "" && !/^data:/i.test(href);
    const words = new MarkdownIt.Token("text", "", 0);
    words.content = renderer.renderer.renderInlineAsText(token.children ?? [], renderer.options, {});
    if (!isLink) return words;
    words.content ||= href;
    const open = new MarkdownIt.Token("link_open", "a", 1);
    open.attrSet("href", href);
    return [open, words, new MarkdownIt.Token("link_close", "a", -1)];
  });
}

export const quoteStyle = "margin:0 0 0 .4em;padding-left:.8em;border-left:2px solid #bbb";
/** A background needs a text color: mail programs in dark mode turn text white. */
const codeStyle = "background:#f4f4f4;color:#222;padding:.6em;white-space:pre-wrap";

/**
 * Inline styles by tag: every mail program honors them, and they do not affect a forwarded email in the same document.
 */
const inlineStyles: Readonly<Record<string, string>> = {
  blockquote: quoteStyle,
  table: "border-collapse:collapse",
  th: "border:1px solid #bbb;padding:.25em .6em",
  td: "border:1px solid #bbb;padding:.25em .6em",
  h1: "font-size:1.4em",
  h2: "font-size:1.2em",
  h3: "font-size:1em",
};

const bodyStyle =
  "body{font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45}";

/** Converts Markdown to an HTML fragment with LF line ends. */
export function markdownToHtml(markdown: string): string {
  const renderer = createRenderer();
  const tokens = renderer.parse(markdown, {});
  for (const token of tokens) if (token.nesting > 0) addInlineStyle(token);
  return renderer.renderer.render(tokens, renderer.options, {}).trimEnd();
}

function addInlineStyle(token: Token): void {
  const own = Object.hasOwn(inlineStyles, token.tag) ? inlineStyles[token.tag] : undefined;
  const alignment = token.attrGet("style") ?? (token.tag === "th" ? "text-align:left" : undefined);
  const style = [own, alignment].filter((part) => part !== undefined).join(";");
  if (style !== "") token.attrSet("style", style);
}

function renderCode(tokens: Token[], at: number): string {
  return `<pre style="${codeStyle}"><code>${escapeHtml(tokens[at]?.content ?? "")}</code></pre>\n`;
}

/** True for a body that was written in HTML instead of Markdown. */
export function isHtmlBody(body: string): boolean {
  const opened = /^\s*<(?:!doctype|html|body|div|p|table|ul|ol|h[1-6]|span)\b[^>]*>/i.exec(body);
  return opened !== null && /<\/[a-z][a-z0-9]*>\s*$/i.test(body.slice(opened[0].length));
}

/** Parses Markdown into the tokens from which the text part is made. */
export function parseMarkdown(markdown: string): Token[] {
  return createRenderer().parse(markdown, {});
}

/**
 * Escapes plain text so that Markdown renders it unchanged (CommonMark section 2.4). Indentation, which would make a
 * code block, becomes no-break spaces; URLs stay links.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/^[ \t]+/gm, (indent, at: number) =>
      /\S/.test(text.charAt(at + indent.length)) ? "\u00a0".repeat(indent.length) : indent,
    )
    .replace(/[^ \t\n\r\f]+/g, (word) => (/:\/\//.test(word) ? word : word.replace(punctuation, "\\$&")));
}

const punctuation = /[!-/:-@[-`{-~]/g;

export function unescapeMarkdown(text: string): string {
  return text.replace(/\\([!-/:-@[-`{-~])/g, "$1");
}

/** Converts plain text to an HTML fragment that keeps its lines, indentation and runs of spaces. */
export function plainTextToHtml(text: string): string {
  const spaced = escapeHtml(text)
    .replace(/\t/g, "    ")
    .replace(/^ | (?= )/gm, "&nbsp;");
  return `<div>${spaced.split("\n").join("<br>\n")}</div>`;
}

/** Wraps a fragment into a complete document. */
export function toHtmlDocument(fragment: string): string {
  return [
    "<!DOCTYPE html>",
    `<html><head><meta charset="utf-8"><style>${bodyStyle}</style></head><body>`,
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
