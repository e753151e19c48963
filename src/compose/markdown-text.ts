/**
 * Markdown as the text part of an email: as a careful person would type it, with the words of the HTML part.
 *
 * A paragraph is one line, however long. Wrapped lines would need format=flowed (RFC 3676), which Outlook, Gmail and
 * most phones ignore: they would show ragged lines. Quoted-printable keeps the transferred lines short (RFC 2045 section
 * 6.7), and every mail program wraps long lines at its window.
 */
import type { Token } from "markdown-it";
import { parseMarkdown } from "./markdown-html.ts";

/** A token with the tokens up to its closing one. */
type TokenNode = { token: Token; children: TokenNode[] };

/** Converts Markdown to text with LF line ends. */
export function markdownToText(markdown: string): string {
  return renderBlocks(toTree(parseMarkdown(markdown)))
    .join("\n")
    .trimEnd();
}

/** Puts `> ` before each line, without spaces between the marks of nested quotes. */
export function quoteLines(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? ">" : line.startsWith(">") ? `>${line}` : `> ${line}`));
}

function toTree(tokens: readonly Token[]): TokenNode[] {
  const roots: TokenNode[] = [];
  const open = [roots];
  for (const token of tokens) {
    if (token.nesting < 0) {
      open.pop();
      continue;
    }
    const node: TokenNode = { token, children: [] };
    open.at(-1)?.push(node);
    if (token.nesting > 0) open.push(node.children);
  }
  return roots;
}

/** Separates blocks by an empty line, except after the paragraphs of a tight list. */
function renderBlocks(nodes: readonly TokenNode[]): string[] {
  const lines: string[] = [];
  for (const [index, node] of nodes.entries()) {
    const before = nodes[index - 1];
    if (before && !before.token.hidden) lines.push("");
    lines.push(...renderBlock(node));
  }
  return lines;
}

function renderBlock({ token, children }: TokenNode): string[] {
  switch (token.type) {
    case "bullet_list_open":
      return renderItems(children, () => "- ");
    case "ordered_list_open":
      return renderItems(children, (index) => `${Number(token.attrGet("start") ?? 1) + index}. `);
    case "blockquote_open":
      return quoteLines(renderBlocks(children));
    case "table_open":
      return renderTable(children);
    case "fence":
    case "code_block":
      return token.content
        .trimEnd()
        .split("\n")
        .map((line) => `    ${line}`.trimEnd());
    case "hr":
      return ["---"];
    default:
      return renderInline(children).split("\n");
  }
}

function renderItems(items: readonly TokenNode[], toMark: (index: number) => string): string[] {
  const isTight = items.every(({ children }) =>
    children.every(({ token }) => token.type !== "paragraph_open" || token.hidden),
  );
  return items.flatMap((item, index) => {
    const mark = toMark(index);
    const [first = "", ...rest] = renderBlocks(item.children);
    const lines = [`${mark}${first}`, ...rest.map((line) => `${" ".repeat(mark.length)}${line}`)];
    return [...(index > 0 && !isTight ? [""] : []), ...lines.map((line) => line.trimEnd())];
  });
}

/** Renders a paragraph, a heading or a cell, whose only child is an inline token. */
function renderInline(nodes: readonly TokenNode[]): string {
  let text = "";
  /** The start of the text of the open link, and its token; links do not nest. */
  let link: { start: number; token: Token } | undefined;
  for (const token of nodes.flatMap((node) => node.token.children ?? [])) {
    switch (token.type) {
      case "softbreak":
      case "hardbreak":
        text += "\n";
        break;
      case "s_open":
      case "s_close":
        // Struck text means the opposite without its marks.
        text += "~~";
        break;
      case "link_open":
        link = { start: text.length, token };
        break;
      case "link_close":
        if (link) text += renderTarget(link.token, text.slice(link.start));
        link = undefined;
        break;
      default:
        // A line end written as a character reference is a space in HTML.
        text += token.content.replace(/[\r\n\f]+/g, " ");
    }
  }
  return text;
}

/** Renders the target behind the text of a link, unless the text is the target. */
function renderTarget(link: Token, text: string): string {
  if (link.info === "auto") return "";
  const target = String(link.attrGet("href") ?? "").replace(/^mailto:/i, "");
  const isSame = text === target || (URL.canParse(text) && new URL(text).href === URL.parse(target)?.href);
  if (target === "" || isSame) return "";
  return text === "" ? `<${target}>` : ` <${target}>`;
}

/** Wider tables would wrap in a window of the usual width, so their columns are not aligned. */
const maxAlignedColumns = 76;

/** Renders rows of cells with a rule below the header. */
function renderTable(parts: readonly TokenNode[]): string[] {
  const rows = parts.flatMap(({ children }) => children).map(({ children }) => children);
  const texts = rows.map((cells) =>
    cells.map(({ children }) => renderInline(children).replaceAll("\n", " / ")),
  );
  const head = rows[0] ?? [];
  const widths = head.map((_, column) =>
    Math.max(...texts.map((cells) => Bun.stringWidth(cells[column] ?? ""))),
  );
  const isNarrow = widths.reduce((sum, width) => sum + width + 3, -3) <= maxAlignedColumns;
  const isRight = head.map(({ token }) => token.attrGet("style") === "text-align:right");
  const toCell = (text: string, column: number) => {
    const gap = isNarrow ? " ".repeat((widths[column] ?? 0) - Bun.stringWidth(text)) : "";
    return isRight[column] ? `${gap}${text}` : `${text}${gap}`;
  };
  const [first = "", ...rest] = texts.map((cells) => cells.map(toCell).join(" | ").trimEnd());
  const rule = isNarrow ? widths.map((width) => "-".repeat(width)).join("-+-") : "---";
  return [first, rule, ...rest];
}
