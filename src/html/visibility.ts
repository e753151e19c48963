/** What decides, by inheritance, that text of an HTML email can be seen: its color, background and size. */
import { type ChildNode, type Element, isTag } from "domhandler";
import { type Color, isIndistinguishable, paintOver, parseColor } from "./colors.ts";
import { toFontSizePx, toPixels } from "./css-lengths.ts";
import { splitTopLevel } from "./css-text.ts";
import type { Style } from "./style-resolver.ts";

/** What an element's children inherit from it. */
export type InheritedContext = {
  /** Undefined when it is not known: then no text is hidden by its color. */
  color: Color | undefined;
  /** Undefined when an image is painted there: then no color can be judged. */
  background: Color | undefined;
  fontSizePx: number;
  /** `visibility` is hidden. */
  isInvisible: boolean;
  preservesWhiteSpace: boolean;
  /** The color of links without a color of their own. */
  linkColor: string;
  /** Children stand apart from each other, as in flex and grid boxes. */
  separatesChildren: boolean;
};

/** The context of a document's root in a browser. */
export const rootContext: InheritedContext = {
  color: [0, 0, 0, 1],
  background: [255, 255, 255, 1],
  fontSizePx: 16,
  isInvisible: false,
  preservesWhiteSpace: false,
  linkColor: "#0000ee",
  separatesChildren: false,
};

/** The context inside an element with this declared style. */
export function inheritContext(element: Element, style: Style, outer: InheritedContext): InheritedContext {
  if (isIgnoredTag(element)) return outer;
  const { name, attribs } = element;
  const visibility = style.get("visibility");
  const whiteSpace = style.get("white-space");
  const own = defaultColors(element, outer);
  const color = declaredColor(element, style) ?? own.text;
  const fontSize = style.get("font-size") ?? (name === "font" && attribs.size ? "medium" : undefined);
  return {
    color: color === undefined || color === "inherit" ? outer.color : parseColor(color),
    background: backgroundInside(element, style, own.background ?? outer.background),
    fontSizePx: toFontSizePx(fontSize, outer.fontSizePx),
    isInvisible:
      visibility === undefined ? outer.isInvisible : visibility === "hidden" || visibility === "collapse",
    preservesWhiteSpace:
      whiteSpace === undefined
        ? outer.preservesWhiteSpace || name === "pre"
        : /^(pre|pre-wrap|pre-line|break-spaces)$/.test(whiteSpace),
    linkColor: (name === "body" ? attribs.link : undefined) ?? outer.linkColor,
    separatesChildren: /flex|grid/.test(style.get("display") ?? ""),
  };
}

function declaredColor({ name, attribs }: Element, style: Style): string | undefined {
  if (name === "text" || name === "tspan") return style.get("fill") ?? attribs.fill;
  const attribute = name === "font" ? attribs.color : name === "body" ? attribs.text : undefined;
  return style.get("-webkit-text-fill-color") ?? style.get("color") ?? attribute;
}

/** Colors of the browser's own style sheet. */
function defaultColors(
  { name, attribs }: Element,
  { linkColor }: InheritedContext,
): { text?: string; background?: Color } {
  if (name === "a" && "href" in attribs) return { text: linkColor };
  if (name === "button") return { text: "black", background: [239, 239, 239, 1] };
  return name === "mark" ? { text: "black", background: [255, 255, 0, 1] } : {};
}

const maxBackgroundCharacters = 300;
const image = /url\(|gradient\(/;

function backgroundInside(element: Element, style: Style, outer: Color | undefined): Color | undefined {
  // The shapes of a drawing are the background of its text.
  const isShape = (node: ChildNode) => isTag(node) && !/^(text|title|style)$/.test(node.name);
  if (element.name === "svg" && element.children.some(isShape)) return undefined;
  const shorthand = style.get("background");
  if (
    element.attribs.background ||
    image.test(style.get("background-image") ?? "") ||
    image.test(shorthand ?? "")
  )
    return undefined;
  const value = style.get("background-color") ?? shorthand ?? element.attribs.bgcolor;
  if (value === undefined) return outer;
  const color = parseColor(value) ?? colorInShorthand(value.slice(0, maxBackgroundCharacters));
  if (color) return color[3] === 1 ? color : outer && paintOver(color, outer);
  return value === "none" || value === "inherit" ? outer : undefined;
}

/** `no-repeat rgb(1, 2, 3)` -> the color. */
function colorInShorthand(value: string): Color | undefined {
  for (const token of splitTopLevel(value.replace(/\s/g, " "), " ")) {
    const color = parseColor(token);
    if (color) return color;
  }
  return undefined;
}

/** Browsers ignore the tags of cells outside of tables (HTML section 13.2.6.4.7). */
export function isIgnoredTag(element: Element): boolean {
  if (!/^(td|th|tr|tbody|thead|tfoot)$/.test(element.name)) return false;
  for (let above = element.parent; above; above = above.parent)
    if ("name" in above && above.name === "table") return false;
  return true;
}

/** The least distance between words that looks like a space. */
const spacingPx = 3;

/** True when margin and padding separate an element from what stands beside it. */
export function hasSideSpacing(style: Style, side: "left" | "right"): boolean {
  const lengthOf = (name: string) => toPixels(style.get(`${name}-${side}`)) ?? 0;
  return lengthOf("margin") + lengthOf("padding") >= spacingPx;
}

const minFontSizePx = 2;

/** True when text in this context can be seen. */
export function isLegible(context: InheritedContext): boolean {
  if (context.isInvisible || context.fontSizePx < minFontSizePx) return false;
  const { color, background } = context;
  return !(color && background && isIndistinguishable(paintOver(color, background), background));
}
