/**
 * Markdown as the text part of an email: what a careful person would type, with the words of the HTML part.
 *
 * A paragraph is one line, however long. Wrapping it would need format=flowed (RFC 3676) to be undone again, which
 * Outlook, Gmail and most telephones do not honour: they would show ragged lines. Quoted-printable keeps the lines on
 * the wire short (RFC 2045 section 6.7), and every mail program breaks long ones where its window ends.
 */
import type { Token } from "markdown-it";
import { parseMarkdown } from "./markdown.ts";

/** A token with what stands between it and its closing one. */
type Node = { token: Token; children: Node[] };

/** Markdown -> text with LF line ends. */
export function toPlain(markdown: string): string {
  return showBlocks(toNodes(parseMarkdown(markdown)))
    .join("\n")
    .trimEnd();
}

/** `> ` before each line, and no gap between the marks of a quote in a quote. */
export function quoteLines(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? ">" : line.startsWith(">") ? `>${line}` : `> ${line}`));
}

function toNodes(tokens: readonly Token[]): Node[] {
  const roots: Node[] = [];
  const open = [roots];
  for (const token of tokens) {
    if (token.nesting < 0) {
      open.pop();
      continue;
    }
    const node: Node = { token, children: [] };
    open.at(-1)?.push(node);
    if (token.nesting > 0) open.push(node.children);
  }
  return roots;
}

/** Blocks with an empty line between them; none after the paragraphs of a tight list. */
function showBlocks(nodes: readonly Node[]): string[] {
  const lines: string[] = [];
  for (const [index, node] of nodes.entries()) {
    const before = nodes[index - 1];
    if (before && !before.token.hidden) lines.push("");
    lines.push(...showBlock(node));
  }
  return lines;
}

function showBlock({ token, children }: Node): string[] {
  switch (token.type) {
    case "bullet_list_open":
      return showItems(children, () => "- ");
    case "ordered_list_open":
      return showItems(children, (index) => `${Number(token.attrGet("start") ?? 1) + index}. `);
    case "blockquote_open":
      return quoteLines(showBlocks(children));
    case "table_open":
      return showTable(children);
    case "fence":
    case "code_block":
      return token.content
        .trimEnd()
        .split("\n")
        .map((line) => `    ${line}`.trimEnd());
    case "hr":
      return ["---"];
    default:
      return showInline(children).split("\n");
  }
}

function showItems(items: readonly Node[], toMark: (index: number) => string): string[] {
  const isTight = items.every(({ children }) =>
    children.every(({ token }) => token.type !== "paragraph_open" || token.hidden),
  );
  return items.flatMap((item, index) => {
    const mark = toMark(index);
    const [first = "", ...rest] = showBlocks(item.children);
    const lines = [`${mark}${first}`, ...rest.map((line) => `${" ".repeat(mark.length)}${line}`)];
    return [...(index > 0 && !isTight ? [""] : []), ...lines.map((line) => line.trimEnd())];
  });
}

/** The words of a paragraph, a heading or a cell: its one child is inline. */
function showInline(nodes: readonly Node[]): string {
  let text = "";
  /** Where the text of the open link begins, and its target; there are no links in links. */
  let link: { start: number; token: Token } | undefined;
  for (const token of nodes.flatMap((node) => node.token.children ?? [])) {
    switch (token.type) {
      case "softbreak":
      case "hardbreak":
        text += "\n";
        break;
      case "s_open":
      case "s_close":
        // What is struck out is no longer meant; without a mark it would be.
        text += "~~";
        break;
      case "link_open":
        link = { start: text.length, token };
        break;
      case "link_close":
        if (link) text += toTarget(link.token, text.slice(link.start));
        link = undefined;
        break;
      default:
        // A line end written as an entity is only a space in HTML.
        text += token.content.replace(/[\r\n\f]+/g, " ");
    }
  }
  return text;
}

/** What follows the text of a link: its target, unless the text is the target. */
function toTarget(link: Token, text: string): string {
  if (link.info === "auto") return "";
  const target = String(link.attrGet("href") ?? "").replace(/^mailto:/i, "");
  const isSame = text === target || (URL.canParse(text) && new URL(text).href === URL.parse(target)?.href);
  if (target === "" || isSame) return "";
  return text === "" ? `<${target}>` : ` <${target}>`;
}

/** Wider, and lines would break in a window of the usual width: then nothing is aligned. */
const widestTable = 76;

/** Rows of cells with a rule below the head; columns aligned where that fits. */
function showTable(parts: readonly Node[]): string[] {
  const rows = parts.flatMap(({ children }) => children).map(({ children }) => children);
  const texts = rows.map((cells) =>
    cells.map(({ children }) => showInline(children).replaceAll("\n", " / ")),
  );
  const head = rows[0] ?? [];
  const widths = head.map((_, column) =>
    Math.max(...texts.map((cells) => Bun.stringWidth(cells[column] ?? ""))),
  );
  const isNarrow = widths.reduce((sum, width) => sum + width + 3, -3) <= widestTable;
  const isRight = head.map(({ token }) => token.attrGet("style") === "text-align:right");
  const toCell = (text: string, column: number) => {
    const gap = isNarrow ? " ".repeat((widths[column] ?? 0) - Bun.stringWidth(text)) : "";
    return isRight[column] ? `${gap}${text}` : `${text}${gap}`;
  };
  const [first = "", ...rest] = texts.map((cells) => cells.map(toCell).join(" | ").trimEnd());
  const rule = isNarrow ? widths.map((width) => "-".repeat(width)).join("-+-") : "---";
  return [first, rule, ...rest];
}
