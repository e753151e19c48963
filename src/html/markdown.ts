/**
 * HTML to markdown that a person would write: what is seen in the rendered email, in reading order, and nothing that
 * is not. Own code on htmlparser2, because general converters know neither layout tables nor hidden text nor
 * newsletters. Bounded in depth and time; never throws.
 */
import type { AnyNode, Element } from "domhandler";
import { isTag, isText } from "domhandler";
import { DomUtils, parseDocument } from "htmlparser2";
import { createStyles, type Style } from "./css.ts";
import { flatten } from "./depth.ts";
import {
  rememberAreas,
  renderImage,
  renderLink,
  renderRuby,
  renderSuperscript,
  showInput,
} from "./inline.ts";
import { createLinkBook, type LinkBook } from "./links.ts";
import { createMarkdownWriter, historyMark, type MarkdownWriter, signatureMark } from "./markdown-writer.ts";
import { renderTable } from "./table.ts";
import { into, isRemoved, isSeen, isTrackingPixel, keepsOff, page, type Surroundings } from "./visible.ts";

/** What was left out, in numbers. */
export type LeftOut = {
  /** Words that no eye sees. */
  hiddenWords: number;
  trackingPixels: number;
  /** Pictures without a description. */
  pictures: number;
  /** Padding: zero-width characters. */
  invisible: number;
  /** Nested beyond all sense. */
  tooDeep: boolean;
};

/** Zero-width letters that senders pad with, or cut words with. */
export const padding =
  /\u034f|[\u00ad\u180e\u200b\u200e\u200f\u2060-\u2064\u2800\ufeff\ufff9-\ufffb\ue000\ue001]|[\u200c\u200d](?=\s|$|[\u00a0\u200c])|(?<=^|\s)[\u200c\u200d]/g;

export type RenderedHtml = { lines: string[]; links: LinkBook; leftOut: LeftOut };

/** What the parts of the renderer share while one email is rendered. */
export type Rendering = {
  /** How the email's own words stand in the markdown. */
  write(words: string): string;
  styleOf(element: Element): Style;
  links: LinkBook;
  /** What targets without a host belong to (`<base href>`). */
  base: string | undefined;
  leftOut: LeftOut;
  /** Renders children into lines of their own. */
  apart(nodes: readonly AnyNode[], around: Surroundings, depth: number): string[];
  children(writer: MarkdownWriter, nodes: readonly AnyNode[], around: Surroundings, depth: number): void;
  /** Whether the element is gone with all that is in it; counts what goes. */
  gone(element: Element, style: Style): boolean;
};

const maxDepth = 400;

export const blocks: ReadonlySet<string> = new Set(
  "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol optgroup option p pre section summary table tbody td tfoot th thead tr ul caption".split(
    " ",
  ),
);
/** Blocks with an empty line around them. */
const apartBlocks = new Set("p h1 h2 h3 h4 h5 h6 ul ol dl blockquote pre table figure hr".split(" "));
const strong = new Set(["b", "strong"]);
const emphasised = new Set(["i", "em"]);
const struck = new Set(["s", "strike", "del"]);
const historyNames =
  /\b(gmail_quote|\w*yahoo_quoted|protonmail_quote|tutanota_quote|moz-cite|zmail_extra|cite)\b/;

/**
 * `links` may be shared between the texts of one email, so that its numbers are one series. `write`: the email's words
 * stand as they are, to be read; to be parsed again they have to be escaped (`escapeWords`).
 */
export function htmlToMarkdown(
  html: string,
  links: LinkBook = createLinkBook(),
  write: Rendering["write"] = (words) => words,
): RenderedHtml {
  const document = parseDocument(flatten(html), { decodeEntities: true });
  const leftOut: LeftOut = { hiddenWords: 0, trackingPixels: 0, pictures: 0, invisible: 0, tooDeep: false };
  const rendering: Rendering = {
    write,
    styleOf: createStyles(document.children),
    links,
    base: baseOf(document.children),
    leftOut,
    apart(nodes, around, depth) {
      const writer = createMarkdownWriter();
      rendering.children(writer, nodes, around, depth);
      return writer.finish();
    },
    children(writer, nodes, around, depth) {
      for (const node of nodes) renderNode(rendering, writer, node, around, depth);
    },
    gone(element, style) {
      if (!isRemoved(element, style)) return false;
      countHidden(rendering, element);
      return true;
    },
  };
  const writer = createMarkdownWriter();
  rendering.children(writer, document.children, page, 0);
  const lines = writer.finish();
  return { lines: lines.at(-1) === "" ? lines.slice(0, -1) : lines, links, leftOut };
}

function baseOf(nodes: AnyNode[]): string | undefined {
  const href = DomUtils.findOne(({ name, attribs }) => name === "base" && "href" in attribs, nodes)?.attribs
    .href;
  return href && /^https?:/i.test(href) ? href : undefined;
}

/** Not what a browser never shows anyway (style, script, …), but what the sender chose to hide. */
function countHidden({ leftOut, styleOf }: Rendering, element: Element): void {
  if (
    /^(head|style|script|title|template|meta|link|math|desc|defs|metadata|symbol|clippath|mask)$/.test(
      element.name,
    )
  )
    return;
  const waiting: AnyNode[] = [element];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (isText(node)) leftOut.hiddenWords += node.data.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
    else if (isTag(node) && node.name === "img")
      leftOut.trackingPixels += isTrackingPixel(node, styleOf(node)) ? 1 : 0;
    else if (isTag(node) && node.name !== "style" && node.name !== "script") waiting.push(...node.children);
  }
}

function renderText(rendering: Rendering, writer: MarkdownWriter, data: string, around: Surroundings): void {
  if (data.trim() !== "" && !isSeen(around)) {
    rendering.leftOut.hiddenWords += data.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
    return;
  }
  const text = data.replace(padding, () => {
    rendering.leftOut.invisible += 1;
    return "";
  });
  if (around.preserve) writer.preserved(rendering.write(text.replace(/\r\n?/g, "\n")));
  else writer.words(rendering.write(text));
}

function renderNode(
  rendering: Rendering,
  writer: MarkdownWriter,
  node: AnyNode,
  around: Surroundings,
  depth: number,
): void {
  if (isText(node)) renderText(rendering, writer, node.data, around);
  else if (isTag(node) && depth < maxDepth) renderElement(rendering, writer, node, around, depth);
  else if (isTag(node)) rendering.leftOut.tooDeep = true;
}

function renderElement(
  rendering: Rendering,
  writer: MarkdownWriter,
  element: Element,
  around: Surroundings,
  depth: number,
): void {
  const style = rendering.styleOf(element);
  if (rendering.gone(element, style)) return;
  const here = into(element, style, around);
  const children = () => rendering.children(writer, element.children, here, depth + 1);
  const isStruck = /line-through/.test(style.get("text-decoration") ?? "");
  const inside = isStruck ? () => writer.marked("~~", children) : children;
  const enclosed = (before: string, after: string) => {
    writer.words(before);
    inside();
    writer.words(after);
  };
  const { name } = element;
  if (around.apart) writer.words(" ");
  if (keepsOff(style, "left")) writer.gap();
  if (name === "br") writer.lineBreak();
  else if (name === "img") renderImage(rendering, writer, element, style, here);
  else if (name === "a") renderLink(rendering, writer, element, here, depth);
  else if (strong.has(name)) writer.marked("**", inside);
  else if (emphasised.has(name)) writer.marked("*", inside);
  else if (struck.has(name)) writer.marked("~~", inside);
  else if (name === "sup") renderSuperscript(rendering, writer, element, here, depth);
  else if (name === "rt") renderRuby(rendering, writer, element, here, depth);
  else if (name === "q") enclosed("“", "”");
  else if (name === "svg" || name === "button") enclosed(" ", " ");
  else if (name === "input") writer.words(` ${rendering.write(showInput(element))} `);
  else if (name === "map") rememberAreas(rendering, element);
  else if (isBlock(element, style)) renderBlock(rendering, writer, element, style, here, depth, inside);
  else inside();
  if (keepsOff(style, "right")) writer.gap();
}

function isBlock(element: Element, style: Style): boolean {
  const display = style.get("display");
  if (/^(left|right)$/.test(style.get("float") ?? "")) return true;
  if (display === undefined || display === "inherit" || display === "initial")
    return blocks.has(element.name);
  if (element.name === "table" || element.name === "li") return true;
  // Columns that stand beside each other.
  if (element.name === "div" && display.startsWith("inline-")) return true;
  return /^(block|flex|grid|table|list-item|flow-root)/.test(display);
}

function renderBlock(
  rendering: Rendering,
  writer: MarkdownWriter,
  element: Element,
  style: Style,
  here: Surroundings,
  depth: number,
  inside: () => void,
): void {
  const { name } = element;
  const around = apartBlocks.has(name) ? writer.newParagraph : writer.newLine;
  // A table inside a table is laid out, not apart.
  const inItem =
    isTag(element.parent ?? element) &&
    element.parent &&
    "name" in element.parent &&
    /^(li|ul|ol)$/.test(element.parent.name);
  const edge = name === "table" || (inItem && /^[uo]l$/.test(name)) ? writer.newLine : around;
  edge();
  const level = /^h([1-6])$/.exec(name)?.[1];
  if (level) renderHeading(rendering, writer, element, here, depth, `${"#".repeat(Number(level))} `);
  else if (name === "hr") writer.words("---");
  else if (name === "table" && !/^(block|inline)/.test(style.get("display") ?? ""))
    renderTable(rendering, writer, element, here, depth + 1);
  else if (name === "ul" || name === "ol" || name === "menu" || name === "dir")
    renderList(rendering, writer, element, here, depth);
  else if (name === "blockquote" || historyNames.test(element.attribs.class ?? "")) {
    const history =
      element.attribs.type?.toLowerCase() === "cite" || historyNames.test(element.attribs.class ?? "");
    // Gmail's own holds answers between the quotes, too; the others begin with "… wrote:".
    const whole = /yahoo_quoted|zmail_extra|tutanota_quote/.test(element.attribs.class ?? "");
    if (name !== "blockquote" && whole) writer.prefixed(historyMark, historyMark, inside);
    else if (name !== "blockquote") inside();
    else writer.prefixed(history ? `${historyMark}> ` : "> ", history ? `${historyMark}> ` : "> ", inside);
  } else if (isSignature(element)) writer.prefixed(signatureMark, signatureMark, inside);
  else if (name === "dd") writer.prefixed("  ", "  ", inside);
  else inside();
  edge();
}

/** Lines that it was broken into to look well are one. */
const headingLines = 4;

function renderHeading(
  rendering: Rendering,
  writer: MarkdownWriter,
  heading: Element,
  here: Surroundings,
  depth: number,
  mark: string,
): void {
  const lines = rendering.apart(heading.children, here, depth + 1);
  const words = lines.filter((line) => line !== "");
  writer.prefixed(mark, "", () => writer.lines(words.length > headingLines ? lines : [words.join(" ")]));
}

/** As Gmail, Outlook, Thunderbird, Apple's and Proton's mail mark it. */
function isSignature({ attribs }: Element): boolean {
  return (
    /^(Signature|ms-outlook-mobile-signature|AppleMailSignature)$/.test(attribs.id ?? "") ||
    /(^|\s)(gmail_signature|moz-signature|protonmail_signature_block|AppleMailSignature)(\s|$)/.test(
      attribs.class ?? "",
    )
  );
}

function renderList(
  rendering: Rendering,
  writer: MarkdownWriter,
  list: Element,
  around: Surroundings,
  depth: number,
): void {
  let number = Number(list.attribs.start ?? 1) || 1;
  for (const node of list.children) {
    if (!isTag(node) || node.name !== "li") {
      const render = () => renderNode(rendering, writer, node, around, depth + 1);
      // Outlook sets a list between the items of another instead of into one.
      if (isTag(node) && /^(ul|ol)$/.test(node.name)) writer.prefixed("  ", "  ", render);
      else render();
      continue;
    }
    const style = rendering.styleOf(node);
    if (rendering.gone(node, style)) continue;
    const here = into(node, style, around);
    number = Number(node.attribs.value) || number;
    const first = list.name === "ol" ? `${number++}. ` : "- ";
    writer.prefixed(first, " ".repeat(first.length), () => {
      rendering.children(writer, node.children, here, depth + 2);
    });
  }
}
