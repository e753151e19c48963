/** Rules for blocks: headings, lists, quotes, signatures and tables. */
import { type Element, isTag } from "domhandler";
import { blockElements, separatedBlocks } from "./elements.ts";
import { historyMark, signatureMark } from "./markdown-writer.ts";
import type { Rule, Visit } from "./rendering.ts";
import type { Style } from "./style-resolver.ts";
import { renderTable } from "./table-rule.ts";
import { inheritContext } from "./visibility.ts";

const renderChildren: Rule = (visit) => visit.renderChildren();

const blockRules: ReadonlyMap<string, Rule> = new Map([
  ...[1, 2, 3, 4, 5, 6].map((level) => [`h${level}`, headingRule(level)] as const),
  ["hr", ({ writer }: Visit) => writer.words("---")],
  ["table", renderTable],
  ...["ul", "ol", "menu", "dir"].map((name) => [name, renderList] as const),
  ["blockquote", renderQuote],
  ["dd", indented],
]);

/** True when an element starts and ends lines of its own. */
export function isBlock(element: Element, style: Style): boolean {
  const display = style.get("display");
  if (/^(left|right)$/.test(style.get("float") ?? "")) return true;
  if (display === undefined || display === "inherit" || display === "initial")
    return blockElements.has(element.name);
  if (element.name === "table" || element.name === "li") return true;
  // Columns beside each other.
  if (element.name === "div" && display.startsWith("inline-")) return true;
  return /^(block|flex|grid|table|list-item|flow-root)/.test(display);
}

export function renderBlock(visit: Visit): void {
  const { element, writer } = visit;
  const edge =
    separatedBlocks.has(element.name) && !isWithinItem(element) ? writer.newParagraph : writer.newLine;
  edge();
  ruleFor(visit)(visit);
  edge();
}

/** A table separates itself when it holds data; a list inside of a list does not. */
function isWithinItem({ name, parent }: Element): boolean {
  if (name === "table") return true;
  return /^[uo]l$/.test(name) && parent !== null && isTag(parent) && /^(li|ul|ol)$/.test(parent.name);
}

function ruleFor({ element, style }: Visit): Rule {
  const isLaidOut = element.name === "table" && /^(block|inline)/.test(style.get("display") ?? "");
  const rule = isLaidOut ? undefined : blockRules.get(element.name);
  if (rule) return rule;
  if (isHistory(element)) return renderHistory;
  return isSignature(element) ? renderSignature : renderChildren;
}

/** A heading of more lines than these was not merely broken to fit its width. */
const maxHeadingLines = 4;

function headingRule(level: number): Rule {
  const mark = `${"#".repeat(level)} `;
  return ({ rendering, writer, element, context, depth }) => {
    const lines = rendering.renderApart(element.children, context, depth + 1);
    const filled = lines.filter((line) => line !== "");
    writer.prefixed(mark, "", () =>
      writer.lines(filled.length > maxHeadingLines ? lines : [filled.join(" ")]),
    );
  };
}

function indented({ writer, renderChildren }: Visit): void {
  writer.prefixed("  ", "  ", renderChildren);
}

const historyClasses: ReadonlySet<string> = new Set(
  "gmail_quote protonmail_quote tutanota_quote zmail_extra cite moz-cite-prefix".split(" "),
);
/** Gmail's class also surrounds answers between quotes; these surround only history. */
const wholeHistoryClasses = /yahoo_quoted|zmail_extra|tutanota_quote/;

function isHistory({ attribs }: Element): boolean {
  const classes = (attribs.class ?? "").split(/\s+/);
  return classes.some((name) => historyClasses.has(name) || name.endsWith("yahoo_quoted"));
}

function renderQuote({ writer, element, renderChildren }: Visit): void {
  const isHistoryQuote = element.attribs.type?.toLowerCase() === "cite" || isHistory(element);
  const prefix = isHistoryQuote ? `${historyMark}> ` : "> ";
  writer.prefixed(prefix, prefix, renderChildren);
}

function renderHistory({ writer, element, renderChildren }: Visit): void {
  if (wholeHistoryClasses.test(element.attribs.class ?? ""))
    writer.prefixed(historyMark, historyMark, renderChildren);
  else renderChildren();
}

/** The markup of Gmail, Outlook, Thunderbird, Apple Mail and Proton Mail. */
function isSignature({ attribs }: Element): boolean {
  return (
    /^(Signature|ms-outlook-mobile-signature|AppleMailSignature)$/.test(attribs.id ?? "") ||
    /(^|\s)(gmail_signature|moz-signature|protonmail_signature_block|AppleMailSignature)(\s|$)/.test(
      attribs.class ?? "",
    )
  );
}

function renderSignature({ writer, renderChildren }: Visit): void {
  writer.prefixed(signatureMark, signatureMark, renderChildren);
}

function renderList({ rendering, writer, element: list, context, depth }: Visit): void {
  let number = Number(list.attribs.start ?? 1) || 1;
  for (const node of list.children) {
    if (!isTag(node) || node.name !== "li") {
      const render = () => rendering.renderNodes([node], { writer, context, depth: depth + 1 });
      // Outlook nests a list between the items of another instead of inside of one.
      if (isTag(node) && /^(ul|ol)$/.test(node.name)) writer.prefixed("  ", "  ", render);
      else render();
      continue;
    }
    const style = rendering.styleOf(node);
    if (rendering.omits(node, style, context)) continue;
    const inner = inheritContext(node, style, context);
    number = Number(node.attribs.value) || number;
    const marker = list.name === "ol" ? `${number++}. ` : "- ";
    writer.prefixed(marker, " ".repeat(marker.length), () =>
      rendering.renderNodes(node.children, { writer, context: inner, depth: depth + 2 }),
    );
  }
}
