/** Markdown, as Claude writes it: parsed once and for all, and as the HTML part of an email. */
import MarkdownIt, { type MarkdownIt as Renderer, type Token } from "markdown-it";

/**
 * No raw HTML; a single line break is a line break, as a person expects in an email, and so is <br>, the only one a
 * cell can have; only URLs with a scheme become links by themselves, so that "notes.md" stays a file name, and they
 * are shown as they were written; no images, which would be loads from elsewhere, but links to them; no headings by
 * what stands below (CommonMark 4.3), where an email has "--" and a signature.
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
  renderer.core.ruler.push("pictures", ({ tokens }) => {
    for (const token of tokens) if (token.children) token.children = linkPictures(token.children, renderer);
  });
  renderer.renderer.rules.fence = toCode;
  renderer.renderer.rules.code_block = toCode;
  return renderer;
}

/** Each picture as a link to it; inside a link, or without an address to go to, as its words. */
function linkPictures(tokens: Token[], renderer: Renderer): Token[] {
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

export const quoteLook = "margin:0 0 0 .4em;padding-left:.8em;border-left:2px solid #bbb";
/** A background takes its colour along: mail programs in the dark turn the letters white. */
const codeLook = "background:#f4f4f4;color:#222;padding:.6em;white-space:pre-wrap";

/**
 * How it looks, written to each element: there every mail program heeds it, and an email that is passed on below keeps
 * its own looks.
 */
const looks: Readonly<Record<string, string>> = {
  blockquote: quoteLook,
  table: "border-collapse:collapse",
  th: "border:1px solid #bbb;padding:.25em .6em",
  td: "border:1px solid #bbb;padding:.25em .6em",
  h1: "font-size:1.4em",
  h2: "font-size:1.2em",
  h3: "font-size:1em",
};

const bodyLook =
  "body{font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45}";

/** Markdown -> an HTML fragment with LF line ends. */
export function toHtml(markdown: string): string {
  const renderer = createRenderer();
  const tokens = renderer.parse(markdown, {});
  for (const token of tokens) if (token.nesting > 0) dress(token);
  return renderer.renderer.render(tokens, renderer.options, {}).trimEnd();
}

function dress(token: Token): void {
  const look = Object.hasOwn(looks, token.tag) ? looks[token.tag] : undefined;
  const alignment = token.attrGet("style") ?? (token.tag === "th" ? "text-align:left" : undefined);
  const style = [look, alignment].filter((part) => part !== undefined).join(";");
  if (style !== "") token.attrSet("style", style);
}

function toCode(tokens: Token[], at: number): string {
  return `<pre style="${codeLook}"><code>${escapeHtml(tokens[at]?.content ?? "")}</code></pre>\n`;
}

/** Whether a body was written in HTML: each of its tags would be seen. */
export function isHtml(body: string): boolean {
  return /^\s*<(!doctype|html|body|div|p|table|ul|ol|h[1-6]|span)\b[^>]*>[\s\S]*<\/[a-z][a-z0-9]*>\s*$/i.test(
    body,
  );
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
    `<html><head><meta charset="utf-8"><style>${bodyLook}</style></head><body>`,
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
