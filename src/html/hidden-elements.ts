/** Elements of an HTML email that are hidden with everything inside them. */
import type { Element } from "domhandler";
import { clipsOverflow, isWithoutRoom } from "./clipped-boxes.ts";
import { isFarAway, leadingNumber, toPixels } from "./css-lengths.ts";
import { hidesByClipping, hidesByTransform } from "./css-shapes.ts";
import { endsLine, isInlineBox, isOutOfFlow } from "./elements.ts";
import type { Style } from "./style-resolver.ts";
import { type InheritedContext, isIndentedAway, opacityOf } from "./visibility.ts";

/** Elements that are never part of what is read. */
const neverShown: ReadonlySet<string> = new Set([
  ...["head", "title", "style", "script", "template", "meta", "link", "base", "noframes", "noembed"],
  ...["embed", "applet", "iframe", "frameset", "audio", "video", "canvas", "datalist", "textarea"],
  ...["meter", "progress", "annotation", "annotation-xml"],
  // Parentheses for browsers without ruby annotations: the Markdown has its own.
  "rp",
  // Parts of a drawing that are not drawn.
  ...["desc", "defs", "metadata", "symbol", "clippath", "clipPath", "mask"],
]);

const minOpacity = 0.05;

/**
 * True when nothing inside can be seen, whatever its own style. `outer`: the context around the element; `styleOf`: the
 * styles of the elements inside.
 */
export function isHidden(
  element: Element,
  style: Style,
  outer: InheritedContext,
  styleOf: (element: Element) => Style,
): boolean {
  if (hasNoBox(element, style) || style.get("content-visibility") === "hidden") return true;
  if (outer.opacity * (opacityOf(style) ?? 1) < minOpacity) return true;
  return hidesItsContent(element, style, outer, styleOf);
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

function hidesItsContent(
  element: Element,
  style: Style,
  outer: InheritedContext,
  styleOf: (element: Element) => Style,
): boolean {
  const isInline = isInlineBox(element.name, style, outer.separatesChildren);
  return (
    hidesByClipping(style) ||
    isEmptyDrawing(element, style) ||
    hasOverlappingCharacters(style) ||
    isPositionedFarAway(style) ||
    ["margin-left", "margin-top"].some((side) => isFarAway(style.get(side))) ||
    (!isInline &&
      ((isIndentedAway(outer) && isInlineBlock(element, style)) ||
        hidesByTransform(style.get("transform") ?? "") ||
        (clipsOverflow(style) && isWithoutRoom(element, style, outer, styleOf))))
  );
}

/** A drawing clips what is outside of it (SVG 2 section 3.9). */
function isEmptyDrawing({ name, attribs }: Element, style: Style): boolean {
  if (name !== "svg" || style.get("overflow") === "visible") return false;
  return (["width", "height"] as const).some((side) => toPixels(style.get(side) ?? attribs[side]) === 0);
}

/** A box that stands within a line. */
const isInlineBlock = (element: Element, style: Style) =>
  !endsLine(element, style) && !isOutOfFlow(style) && style.get("display") !== "inline";

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

/** True for an image that only tells the sender that it was loaded. */
export function isTrackingPixel(image: Element, style: Style): boolean {
  const sides = (["width", "height"] as const).map((side) =>
    toPixels(style.get(side) ?? style.get(`max-${side}`) ?? image.attribs[side]),
  );
  return sides.some((side) => side !== undefined && side <= 2);
}
