/**
 * HTML to Markdown as a person would write it: what is seen in the rendered email, in reading order, and nothing
 * else. Own code on parse5's tree, because general converters know neither layout tables nor hidden text nor
 * newsletters. Bounded in depth and time; never throws.
 */
import { type AnyNode, type Document, type Element, isTag, isText } from "domhandler";
import * as DomUtils from "domutils";
import { isBlock, renderBlock } from "./block-rules.ts";
import { endsLine, isInlineBox, isOutOfFlow } from "./elements.ts";
import { hasNoBox, isHidden, isTrackingPixel } from "./hidden-elements.ts";
import { inlineRules } from "./inline-rules.ts";
import { countWords, invisibleCharacters } from "./invisible-characters.ts";
import { createLinkIndex, type LinkIndex } from "./link-index.ts";
import { createMarkdownWriter } from "./markdown-writer.ts";
import { type ParsedHtml, parseHtml } from "./parse.ts";
import type { HtmlOmissions, Rendering, RenderTarget, Rule, Visit } from "./rendering.ts";
import { createStyleResolver, type Style } from "./style-resolver.ts";
import {
  endFirstLine,
  hasSideSpacing,
  inheritContext,
  isLegible,
  rootContext,
  takesPlace,
} from "./visibility.ts";

type MarkdownOfHtml = { lines: string[]; links: LinkIndex; omissions: HtmlOmissions };

/** Deeper than the parser nests open elements. */
const maxDepth = 600;

/**
 * Renders an HTML email as lines of Markdown. Texts of one email share `links`, so that its numbers are one series.
 * `escapeText` is applied to the email's own text: the default keeps it as it is, for reading; Markdown that is
 * parsed again needs an escaping one.
 */
export function htmlToMarkdown(
  html: string,
  links: LinkIndex = createLinkIndex(),
  escapeText: Rendering["escapeText"] = (text) => text,
): MarkdownOfHtml {
  const parsed = parseHtml(html);
  const rendering = createRendering(parsed, links, escapeText);
  const lines = rendering.renderApart(parsed.document.children, rootContext(parsed.isQuirks), 0);
  return { lines: lines.at(-1) === "" ? lines.slice(0, -1) : lines, links, omissions: rendering.omissions };
}

function createRendering(
  parsed: ParsedHtml,
  links: LinkIndex,
  escapeText: Rendering["escapeText"],
): Rendering {
  const rendering: Rendering = {
    escapeText,
    styleOf: createStyleResolver(parsed),
    links,
    baseUrl: baseUrlOf(parsed.document),
    omissions: { hiddenWords: 0, trackingPixels: 0, pictures: 0, invisibleCharacters: 0, tooDeep: false },
    renderNodes(nodes, target) {
      for (const node of nodes) renderNode(rendering, node, target);
    },
    renderApart: (nodes, context, depth) => rendering.renderWithin(nodes, context, depth).lines,
    renderWithin(nodes, context, depth) {
      const writer = createMarkdownWriter();
      rendering.renderNodes(nodes, { writer, context, depth });
      return writer.finish();
    },
    omits(element, style, outer) {
      if (!isHidden(element, style, outer, rendering.styleOf)) return false;
      countOmitted(rendering, element);
      return true;
    },
  };
  return rendering;
}

function baseUrlOf(document: Document): string | undefined {
  const isBase = ({ name, attribs }: Element) => name === "base" && "href" in attribs;
  const href = DomUtils.findOne(isBase, document.children)?.attribs.href;
  return href && /^https?:/i.test(href) ? href : undefined;
}

/** Elements that browsers never show: their text is not something that the sender chose to hide. */
const uncounted =
  /^(head|style|script|title|template|meta|link|annotation|noframes|noembed|desc|defs|metadata|symbol|clippath|mask)$/;

function countOmitted({ omissions, styleOf }: Rendering, element: Element): void {
  if (uncounted.test(element.name)) return;
  const waiting: AnyNode[] = [element];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (isText(node)) omissions.hiddenWords += countWords(node.data);
    else if (isTag(node) && node.name === "img")
      omissions.trackingPixels += isTrackingPixel(node, styleOf(node)) ? 1 : 0;
    else if (isTag(node) && node.name !== "style" && node.name !== "script") waiting.push(...node.children);
  }
}

function renderNode(rendering: Rendering, node: AnyNode, target: RenderTarget): void {
  if (isText(node)) renderText(rendering, node.data, target);
  else if (isTag(node) && target.depth < maxDepth) renderElement(rendering, node, target);
  else if (isTag(node)) rendering.omissions.tooDeep = true;
}

function renderText(
  { omissions, escapeText }: Rendering,
  data: string,
  { writer, context }: RenderTarget,
): void {
  if (data.trim() !== "" && !isLegible(context)) {
    omissions.hiddenWords += countWords(data);
    // Its place stays empty.
    if (takesPlace(context)) writer.gap();
    return;
  }
  const text = data.replace(invisibleCharacters, () => {
    omissions.invisibleCharacters += 1;
    return "";
  });
  if (context.preservesWhiteSpace) writer.preserved(escapeText(text.replace(/\r\n?/g, "\n")));
  else writer.words(escapeText(text));
}

/** Separates what stands around an element that is hidden in its place. */
function leavePlace(rendering: Rendering, element: Element, style: Style, target: RenderTarget): void {
  if (breaksLine(rendering, element, style)) {
    target.writer.newLine();
    endFirstLine(target.context);
  } else if (isInlineBox(element.name, style, false) && takesPlace(target.context)) target.writer.gap();
}

/** True for an element that ends a line, or contains one that does. */
function breaksLine({ styleOf }: Rendering, element: Element, style: Style): boolean {
  if (isOutOfFlow(style)) return false;
  return (
    endsLine(element, style) ||
    DomUtils.existsOne((inner) => endsLine(inner, styleOf(inner)), element.children)
  );
}

function renderElement(rendering: Rendering, element: Element, target: RenderTarget): void {
  const style = rendering.styleOf(element);
  if (rendering.omits(element, style, target.context)) {
    if (!hasNoBox(element, style)) leavePlace(rendering, element, style, target);
    return;
  }
  const { writer, depth } = target;
  const context = inheritContext(element, style, target.context);
  const renderNodes = () => rendering.renderNodes(element.children, { writer, context, depth: depth + 1 });
  const isStruck = /line-through/.test(style.get("text-decoration") ?? "");
  const visit: Visit = {
    rendering,
    writer,
    element,
    style,
    context,
    depth,
    renderChildren: isStruck ? () => writer.marked("~~", renderNodes) : renderNodes,
  };
  if (target.context.separatesChildren) writer.words(" ");
  if (hasSideSpacing(style, "left")) writer.gap();
  ruleFor(visit)(visit);
  if (hasSideSpacing(style, "right")) writer.gap();
  if (endsLine(element, style)) endFirstLine(target.context);
}

/** Emphasis that CSS makes a block: images and links are laid out in too many ways to break their lines. */
const breakable = /^(b|strong|i|em|s|strike|del|q)$/;

function ruleFor({ element, style }: Visit): Rule {
  const rule = inlineRules.get(element.name);
  if (rule && breakable.test(element.name) && isBlock(element, style))
    return (visit) => {
      visit.writer.newLine();
      rule(visit);
      visit.writer.newLine();
    };
  if (rule) return rule;
  return isBlock(element, style) ? renderBlock : ({ renderChildren }) => renderChildren();
}
