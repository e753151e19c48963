/** The inherited properties that decide whether text can be seen: color, background, size and lines. */
import { type AnyNode, type ChildNode, type Element, isTag } from "domhandler";
import { type Color, isIndistinguishable, paintOver, parseColor, parseLegacyColor } from "./colors.ts";
import { defaultFontSizePx, isFarAway, leadingNumber, toFontSizePx, toPixels } from "./css-lengths.ts";
import { splitTopLevel } from "./css-text.ts";
import { isInlineBox } from "./elements.ts";
import type { Style } from "./style-resolver.ts";

/** A multiple of the font size, or a number of pixels. */
type LineHeight = { factor: number } | { px: number };

/** `isAway`: the first line of the block is off the screen; `isFirst`: that line goes on. */
type BlockLine = { isFirst: boolean; readonly isAway: boolean };

/** The properties that an element's children inherit. */
export type InheritedContext = {
  /** Undefined when it is not known: then no text is hidden by its color. */
  color: Color | undefined;
  /** `-webkit-text-fill-color`, which replaces `color`; undefined when it is not set. */
  textFill: Color | undefined;
  /** Undefined when an image is painted there: then no color can be judged. */
  background: Color | undefined;
  fontSizePx: number;
  lineHeight: LineHeight;
  /** The product of the opacity of all ancestors. */
  opacity: number;
  /** `visibility` is hidden. */
  isInvisible: boolean;
  /** Inside a box that clips its overflow and has no height, because its lines have none. */
  isCollapsed: boolean;
  /** `text-indent` moves the first line of a block off the screen. */
  indentsAway: boolean;
  /** The end of a line stays in its place, however it is indented. */
  alignsRight: boolean;
  /** The line of the block around; changed while the block is read. */
  line: BlockLine;
  /** Text has a shadow, which may be seen where the text itself is not. */
  hasShadow: boolean;
  preservesWhiteSpace: boolean;
  /** The color of links without a color of their own. */
  linkColor: Color;
  /** `<body text>`: the color in which tables start in quirks mode. */
  documentColor: Color;
  /** Children stand apart from each other, as in flex and grid boxes. */
  separatesChildren: boolean;
  /** The document is in quirks mode (Quirks Mode standard). */
  isQuirks: boolean;
};

const black: Color = [0, 0, 0, 1];
const white: Color = [255, 255, 255, 1];
const normalLineHeight: LineHeight = { factor: 1.2 };

/** The context of a document's root in a browser. */
export const rootContext = (isQuirks: boolean): InheritedContext => ({
  color: black,
  textFill: undefined,
  background: white,
  fontSizePx: defaultFontSizePx,
  lineHeight: normalLineHeight,
  opacity: 1,
  isInvisible: false,
  isCollapsed: false,
  indentsAway: false,
  alignsRight: false,
  line: { isFirst: true, isAway: false },
  hasShadow: false,
  preservesWhiteSpace: false,
  linkColor: [0, 0, 238, 1],
  documentColor: black,
  separatesChildren: false,
  isQuirks,
});

/** Chromium's style sheet for quirks mode resets these on tables; the color is the document's. */
const inQuirksTable = (outer: InheritedContext): InheritedContext => ({
  ...outer,
  color: outer.documentColor,
  fontSizePx: defaultFontSizePx,
  lineHeight: normalLineHeight,
  preservesWhiteSpace: false,
  alignsRight: false,
});

/** Elements whose attribute `align` aligns their text (HTML section 15.3). */
const mayAlign = /^(p|div|h[1-6]|td|th|tr|tbody|thead|tfoot)$/;

/** The context inside an element with this declared style. */
export function inheritContext(element: Element, style: Style, around: InheritedContext): InheritedContext {
  const { name, attribs } = element;
  const outer = around.isQuirks && name === "table" ? inQuirksTable(around) : around;
  const own = defaultColors(element, outer);
  const fontSizePx = toFontSizePx(style.get("font-size") ?? defaultFontSize(element), outer.fontSizePx);
  const lineHeight = toLineHeight(style.get("line-height"), fontSizePx) ?? outer.lineHeight;
  const visibility = style.get("visibility");
  const indent = style.get("text-indent");
  // Chromium's style sheet resets the indent of tables.
  const inheritedIndent = name !== "table" && outer.indentsAway;
  const indentsAway = isInherited(indent) ? inheritedIndent : isFarAway(indent);
  const attribute =
    name === "center" ? "center" : mayAlign.test(name) ? attribs.align?.toLowerCase() : undefined;
  const align = style.get("text-align") ?? attribute;
  const alignsRight = isInherited(align) ? outer.alignsRight : /^(right|end)$/.test(align);
  const textFill = style.get("-webkit-text-fill-color");
  const shadow = style.get("text-shadow");
  const whiteSpace = style.get("white-space");
  const bodyText = name === "body" && attribs.text ? parseLegacyColor(attribs.text) : undefined;
  const bodyLink = name === "body" && attribs.link ? parseLegacyColor(attribs.link) : undefined;
  return {
    color: colorInside(element, style, outer, own.text),
    textFill: isInherited(textFill) ? outer.textFill : parseColor(textFill),
    background: backgroundInside(element, style, own.background ?? outer.background),
    fontSizePx,
    lineHeight,
    opacity: outer.opacity * (opacityOf(style) ?? 1),
    isInvisible: isInherited(visibility) ? outer.isInvisible : /^(hidden|collapse)$/.test(visibility),
    isCollapsed:
      // Raised and lowered text gives its line a height.
      !/^su[bp]$/.test(name) &&
      isWithoutHeight(lineHeight, fontSizePx) &&
      (outer.isCollapsed || collapses(element, style, outer)),
    indentsAway,
    line: isInlineBox(name, style, outer.separatesChildren)
      ? outer.line
      : { isFirst: true, isAway: indentsAway && !alignsRight },
    alignsRight,
    hasShadow: isInherited(shadow) ? outer.hasShadow : !/^(none|initial)$/.test(shadow),
    preservesWhiteSpace: isInherited(whiteSpace)
      ? outer.preservesWhiteSpace || /^(pre|listing|xmp|plaintext)$/.test(name)
      : /^(pre|pre-wrap|pre-line|break-spaces)$/.test(whiteSpace),
    linkColor: bodyLink ?? outer.linkColor,
    documentColor: bodyText ?? outer.documentColor,
    separatesChildren: /flex|grid/.test(style.get("display") ?? ""),
    isQuirks: outer.isQuirks,
  };
}

/** True where an inherited property is not set, or set to the value around the element. */
const isInherited = (value: string | undefined): value is undefined | "inherit" =>
  value === undefined || /^(inherit|unset|revert|revert-layer)$/.test(value);

/** The opacity that an element declares, from 0 to 1. */
export function opacityOf(style: Style): number | undefined {
  const value = style.get("opacity");
  const number = leadingNumber(value);
  if (number === undefined) return undefined;
  return Math.min(Math.max(value?.endsWith("%") ? number / 100 : number, 0), 1);
}

const defaultFontSize = ({ name, attribs }: Element) =>
  name === "font" && attribs.size ? "medium" : undefined;

function toLineHeight(value: string | undefined, fontSizePx: number): LineHeight | undefined {
  if (value === "normal" || value === "initial") return normalLineHeight;
  if (value !== undefined && /^(\d+(\.\d*)?|\.\d+)$/.test(value)) return { factor: Number(value) };
  if (value?.endsWith("%")) return { px: ((leadingNumber(value) ?? 100) * fontSizePx) / 100 };
  const px = toPixels(value, fontSizePx);
  return px === undefined ? undefined : { px };
}

/** A line height in pixels. */
const lineHeightPx = (lineHeight: LineHeight, fontSizePx: number) =>
  "px" in lineHeight ? lineHeight.px : lineHeight.factor * fontSizePx;

const maxCollapsedPx = 2;
const isWithoutHeight = (lineHeight: LineHeight, fontSizePx: number) =>
  lineHeightPx(lineHeight, fontSizePx) <= maxCollapsedPx;

/** A cell is as tall as the tallest of its row. */
function hasCellBeside(element: Element): boolean {
  if (!/^t[dh]$/.test(element.name)) return false;
  return (element.parent?.children ?? []).some((node) => isTag(node) && node !== element);
}

const maxExaminedNodes = 200;
/** Blocks without a margin or border of their own. */
const plainBlock = /^(div|section|article|aside|header|footer|main|nav|center|address)$/;
const givesHeight = /height|padding|margin|display|float|position|font(-size)?\s*:/;
/** An inline box has no height of its own (CSS 2.1 section 10.6.1). */
const givesLineHeight =
  /line-height|vertical-align|overflow|display\s*:\s*(inline-)?(table|grid|flex|list)|float|position|font(-size)?\s*:/;

/** True for an element with text and plain elements alone: any other box inside would give it a height. */
function hasOnlyText(element: Element): boolean {
  const waiting: AnyNode[] = [...element.children];
  for (let examined = 0; examined < maxExaminedNodes; examined += 1) {
    const node = waiting.pop();
    if (!node) return true;
    if (!isTag(node)) continue;
    const isInline = isInlineBox(node.name, new Map(), false);
    const grows = isInline ? givesLineHeight : givesHeight;
    if ((!isInline && !plainBlock.test(node.name)) || grows.test(node.attribs.style ?? "")) return false;
    waiting.push(...node.children);
  }
  return false;
}

/** True for a box that clips its overflow and is only as tall as its lines. */
function collapses(element: Element, style: Style, outer: InheritedContext): boolean {
  const padding = toPixels(style.get("padding-bottom")) ?? 0;
  return (
    /hidden|clip|auto|scroll/.test(style.get("overflow") ?? "") &&
    !isInlineBox(element.name, style, outer.separatesChildren) &&
    !/^(table|tr|tbody|thead|tfoot)$/.test(element.name) &&
    !hasCellBeside(element) &&
    (toPixels(style.get("height") ?? style.get("min-height")) ?? 0) <= maxCollapsedPx &&
    padding <= maxCollapsedPx &&
    hasOnlyText(element)
  );
}

function colorInside(
  element: Element,
  style: Style,
  outer: InheritedContext,
  byDefault: Color | undefined,
): Color | undefined {
  const { name, attribs } = element;
  const isDrawn = name === "text" || name === "tspan";
  const declared = isDrawn ? (style.get("fill") ?? attribs.fill) : style.get("color");
  if (declared === "inherit" || declared === "unset" || declared === "currentcolor") return outer.color;
  if (declared === "initial") return black;
  if (declared !== undefined) return parseColor(declared);
  const attribute = name === "font" ? attribs.color : name === "body" ? attribs.text : undefined;
  return (attribute ? parseLegacyColor(attribute) : undefined) ?? byDefault ?? outer.color;
}

/** Colors of the browser's own style sheet. */
function defaultColors(
  { name, attribs }: Element,
  { linkColor }: InheritedContext,
): { text?: Color; background?: Color } {
  if (name === "a" && "href" in attribs) return { text: linkColor };
  if (name === "button") return { text: black, background: [239, 239, 239, 1] };
  return name === "mark" ? { text: black, background: [255, 255, 0, 1] } : {};
}

const maxBackgroundCharacters = 300;
/** An empty `url()` names no image. */
const paintsImage = /url\(\s*(?:['"]\s*)?[^\s'")]|gradient\(/;
/** Elements on which the attributes `bgcolor` and `background` have an effect (HTML section 15.3). */
const painted = /^(body|table|thead|tbody|tfoot|tr|td|th)$/;

function backgroundInside(element: Element, style: Style, outer: Color | undefined): Color | undefined {
  const { name, attribs, children } = element;
  // The shapes of a drawing are the background of its text.
  const isShape = (node: ChildNode) => isTag(node) && !/^(text|title|style)$/.test(node.name);
  if (name === "svg" && children.some(isShape)) return undefined;
  const shorthand = style.get("background");
  const images = [style.get("background-image"), shorthand];
  if ((painted.test(name) && attribs.background) || images.some((value) => paintsImage.test(value ?? "")))
    return undefined;
  const value = style.get("background-color") ?? shorthand;
  if (value === undefined)
    return (painted.test(name) && attribs.bgcolor ? parseLegacyColor(attribs.bgcolor) : undefined) ?? outer;
  const color = parseColor(value) ?? colorInShorthand(value.slice(0, maxBackgroundCharacters));
  if (color) return color[3] === 1 ? color : outer && paintOver(color, outer);
  return /^(none|inherit|initial|unset|transparent)$/.test(value) ? outer : undefined;
}

/** `no-repeat rgb(1, 2, 3)` -> the color. */
function colorInShorthand(value: string): Color | undefined {
  for (const token of splitTopLevel(value.replace(/\s/g, " "), " ")) {
    const color = parseColor(token);
    if (color) return color;
  }
  return undefined;
}

/** The least distance between words that looks like a space. */
const spacingPx = 3;

/** True when margin and padding separate an element from what stands beside it. */
export function hasSideSpacing(style: Style, side: "left" | "right"): boolean {
  const lengthOf = (name: string) => toPixels(style.get(`${name}-${side}`)) ?? 0;
  return lengthOf("margin") + lengthOf("padding") >= spacingPx;
}

const minFontSizePx = 2;

/** True on the first line of a block whose indent moves it off the screen (CSS Text section 7.1). */
export const isIndentedAway = ({ line }: InheritedContext) => line.isAway && line.isFirst;

/** Ends the line of the block around: at a line break, and where a block inside it ends. */
export function endFirstLine({ line }: InheritedContext): void {
  line.isFirst = false;
}

/** True when text in this context is as wide as it would be if it could be seen. */
export const takesPlace = (context: InheritedContext) =>
  !context.isCollapsed && context.fontSizePx >= minFontSizePx && !isIndentedAway(context);

/** True when text in this context can be seen. */
export function isLegible(context: InheritedContext): boolean {
  if (isIndentedAway(context)) return false;
  if (context.isInvisible || context.isCollapsed || context.fontSizePx < minFontSizePx) return false;
  const { background } = context;
  const color = context.textFill ?? context.color;
  if (!color || !background || context.hasShadow) return true;
  return !isIndistinguishable(paintOver(color, background), background);
}
