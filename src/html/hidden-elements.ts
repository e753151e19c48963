/** Elements of an HTML email that are hidden with everything inside them. */
import type { Element } from "domhandler";
import { isFarAway, leadingNumber, toPixels } from "./css-lengths.ts";
import { hidesByClipping, hidesByTransform } from "./css-shapes.ts";
import { endsLine, isInlineBox, isOutOfFlow } from "./elements.ts";
import type { Style } from "./style-resolver.ts";
import { type InheritedContext, isIndentedAway, opacityOf } from "./visibility.ts";

/** Elements that are never part of what is read. */
const neverShown: ReadonlySet<string> = new Set([
  ...["head", "title", "style", "script", "template", "meta", "link", "base", "noframes", "noembed"],
  ...["embed", "applet", "iframe", "frameset", "audio", "video", "canvas", "datalist", "textarea"],
  ...["meter", "progress", "math"],
  // Parentheses for browsers without ruby annotations: the Markdown has its own.
  "rp",
  // Parts of a drawing that are not drawn.
  ...["desc", "defs", "metadata", "symbol", "clippath", "clipPath", "mask"],
]);

const minOpacity = 0.05;

/** True when nothing inside can be seen, whatever its own style. `outer`: the context around the element. */
export function isHidden(element: Element, style: Style, outer: InheritedContext): boolean {
  if (hasNoBox(element, style) || style.get("content-visibility") === "hidden") return true;
  if (outer.opacity * (opacityOf(style) ?? 1) < minOpacity) return true;
  return hidesItsContent(element, style, outer);
}

/** True for an element that takes no place on the page. */
export function hasNoBox({ name, attribs }: Element, style: Style): boolean {
  const display = style.get("display");
  if (neverShown.has(name) || display === "none") return true;
  // A display of the sender's own overrides the attribute (HTML section 15.3.1).
  if (("hidden" in attribs || "popover" in attribs) && display === undefined) return true;
  if (name === "dialog" && !("open" in attribs)) return true;
  return name === "input" && attribs.type?.toLowerCase() === "hidden";
}

function hidesItsContent(element: Element, style: Style, outer: InheritedContext): boolean {
  const isInline = isInlineBox(element.name, style, outer.separatesChildren);
  return (
    hidesByClipping(style) ||
    hasOverlappingCharacters(style) ||
    isPositionedFarAway(style) ||
    ["margin-left", "margin-top"].some((side) => isFarAway(style.get(side))) ||
    (!isInline &&
      ((isIndentedAway(outer) && isInlineBlock(element, style)) ||
        hidesByTransform(style.get("transform") ?? "") ||
        (clipsOverflow(style) && isWithoutRoom(element, style, outer))))
  );
}

/** A box that stands within a line. */
const isInlineBlock = (element: Element, style: Style) =>
  !endsLine(element, style) && !isOutOfFlow(style) && style.get("display") !== "inline";

const clipsOverflow = (style: Style) => /hidden|clip|auto|scroll/.test(style.get("overflow") ?? "");

/** An absolute position starts at the edge of the page, so that less is needed to leave it. */
const offPagePx = -500;

function isPositionedFarAway(style: Style): boolean {
  const position = style.get("position") ?? "";
  const isAbsolute = /absolute|fixed/.test(position);
  if (!isAbsolute && position !== "relative") return false;
  return ["left", "top", "right", "bottom"].some(
    (side) => isFarAway(style.get(side)) || (isAbsolute && (toPixels(style.get(side)) ?? 0) <= offPagePx),
  );
}

function hasOverlappingCharacters(style: Style): boolean {
  const spacing = style.get("letter-spacing") ?? "";
  return (leadingNumber(spacing) ?? 0) <= (spacing.endsWith("em") ? -0.6 : -10);
}

/** A box this small shows no character. */
const maxHiddenBoxPx = 5;

/** True for a box that clips its overflow and has no room for a character, or moves its text out of itself. */
function isWithoutRoom(element: Element, style: Style, outer: InheritedContext): boolean {
  // The boxes of tables grow with their content.
  const isTablePart = /^(table|thead|tbody|tfoot|tr|td|th|caption)$/.test(element.name);
  const width = innerSize(style, isTablePart ? ["max-width"] : ["width", "max-width"], "right");
  // Outside of quirks mode a percentage of a height that is not set is no limit (CSS 2.1 section 10.5).
  const isLimit = (value: string) => outer.isQuirks || !value.endsWith("%");
  const heights = ["height", "max-height"].filter((name) => isLimit(style.get(name) ?? ""));
  const height = isTablePart ? undefined : innerSize(style, heights, "bottom");
  const minWidth = toPixels(style.get("min-width")) ?? 0;
  const minHeight = toPixels(style.get("min-height")) ?? 0;
  if (width !== undefined && Math.max(width, minWidth) <= maxHiddenBoxPx) return true;
  if (height !== undefined && Math.max(height, minHeight) <= maxHiddenBoxPx) return true;
  return movesTextOut(style, outer, height);
}

/** The room for text along one axis: the smallest of the sizes that are set, and the padding behind it. */
function innerSize(style: Style, names: readonly string[], side: "right" | "bottom"): number | undefined {
  const sizes = names.map((name) => toPixels(style.get(name))).filter((size) => size !== undefined);
  return sizes.length === 0 ? undefined : Math.min(...sizes) + (toPixels(style.get(`padding-${side}`)) ?? 0);
}

/** An indent as wide as the box, or lines so tall that their middle is below it. */
function movesTextOut(style: Style, outer: InheritedContext, height: number | undefined): boolean {
  const indent = toPixels(style.get("text-indent")) ?? 0;
  const width = toPixels(style.get("width")) ?? 1024;
  if (/nowrap|pre$/.test(style.get("white-space") ?? "") && indent >= width) return true;
  const value = style.get("line-height");
  if (height === undefined || value === undefined) return false;
  const factor = /^[\d.]+$/.test(value) ? Number(value) : undefined;
  const line = factor === undefined ? toPixels(value, outer.fontSizePx) : factor * outer.fontSizePx;
  return line !== undefined && (line - outer.fontSizePx) / 2 >= height;
}

/** True for an image that only tells the sender that it was loaded. */
export function isTrackingPixel(image: Element, style: Style): boolean {
  const sides = (["width", "height"] as const).map((side) =>
    toPixels(style.get(side) ?? style.get(`max-${side}`) ?? image.attribs[side]),
  );
  return sides.some((side) => side !== undefined && side <= 2);
}
