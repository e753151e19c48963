/** Elements of an HTML email that are hidden with everything inside them. */
import type { Element } from "domhandler";
import { leadingNumber, toPixels } from "./css-lengths.ts";
import type { Style } from "./style-resolver.ts";
import { isIgnoredTag } from "./visibility.ts";

/** Elements that are never part of what is read. */
const neverShown: ReadonlySet<string> = new Set([
  "head",
  "title",
  "style",
  "script",
  "template",
  "meta",
  "link",
  "base",
  "embed",
  "applet",
  "iframe",
  "audio",
  "video",
  "canvas",
  "datalist",
  "textarea",
  "meter",
  "progress",
  "math",
  // Parentheses for browsers without ruby annotations: the Markdown has its own.
  "rp",
  // Parts of a drawing that are not drawn.
  "desc",
  "defs",
  "metadata",
  "symbol",
  "clippath",
  "mask",
]);

/** True when nothing inside can be seen, whatever its own style. */
export function isHidden(element: Element, style: Style): boolean {
  if (isIgnoredTag(element)) return false;
  const { name, attribs } = element;
  if (neverShown.has(name) || "hidden" in attribs || "popover" in attribs) return true;
  if (name === "dialog" && !("open" in attribs)) return true;
  if (name === "input" && attribs.type?.toLowerCase() === "hidden") return true;
  if (style.get("display") === "none" || style.get("content-visibility") === "hidden") return true;
  if ((leadingNumber(style.get("opacity")) ?? 1) < 0.05) return true;
  return isClipped(element, style) || isOffScreen(style);
}

function isClipped(element: Element, style: Style): boolean {
  const is = (name: string, pattern: RegExp) => pattern.test(style.get(name) ?? "");
  // Table boxes grow with their content.
  const sizes = /^(table|tbody|td|th|tr)$/.test(element.name)
    ? ["max-width"]
    : ["max-height", "height", "max-width", "width"];
  const clipsOverflow = is("overflow", /hidden|clip|auto|scroll/) && !isInline(element, style);
  if (clipsOverflow && sizes.some((name) => isTooSmall(style.get(name)))) return true;
  return (
    is("clip", /^rect\(\s*0(px)?[\s,]+0(px)?[\s,]+0(px)?[\s,]+0(px)?\s*\)$/) ||
    is("clip-path", /^(inset\((50|100)%|circle\(0|polygon\(([0\s,]|px|%)+\)$)/) ||
    hidesByTransform(style.get("transform") ?? "") ||
    is("zoom", /^0?\.0\d*$|^0$|^[0-4]%$/) ||
    is("filter", /\bopacity\(0%?\)/)
  );
}

/** Scaled to nothing, or moved off the screen (CSS Transforms level 1, section 11). */
function hidesByTransform(transform: string): boolean {
  return transform.split(")").some((call) => {
    const [name = "", values = ""] = call.split("(");
    const [first] = values.split(",");
    if (/scale([xy]|3d)?$/.test(name)) return leadingNumber(first) === 0;
    return /translate[xy]?$/.test(name) && (leadingNumber(first) ?? 0) <= -1000;
  });
}

const inlineElements = /^(a|abbr|b|big|cite|code|em|font|i|label|mark|q|s|small|span|strong|sub|sup|tt|u)$/;

/** An inline box has no size and clips nothing (CSS 2.1 section 11.1.1). */
function isInline(element: Element, style: Style): boolean {
  const display = style.get("display") ?? (inlineElements.test(element.name) ? "inline" : "block");
  const isOutOfFlow =
    /absolute|fixed/.test(style.get("position") ?? "") || /left|right/.test(style.get("float") ?? "");
  return display === "inline" && !isOutOfFlow;
}

const offScreenPx = -999;

function isOffScreen(style: Style): boolean {
  const isFar = (name: string) => (toPixels(style.get(name)) ?? 0) <= offScreenPx;
  // Characters on top of each other.
  const spacing = style.get("letter-spacing") ?? "";
  if ((leadingNumber(spacing) ?? 0) <= (spacing.endsWith("em") ? -0.6 : -10)) return true;
  if (["text-indent", "margin-left", "margin-top"].some(isFar)) return true;
  const isPositioned = /absolute|fixed|relative/.test(style.get("position") ?? "");
  return isPositioned && ["left", "top", "right", "bottom"].some(isFar);
}

/** Too small for a character. */
function isTooSmall(size: string | undefined): boolean {
  const pixels = toPixels(size);
  return pixels !== undefined && pixels <= 1;
}

/** True for an image that only tells the sender that it was loaded. */
export function isTrackingPixel(image: Element, style: Style): boolean {
  const sides = (["width", "height"] as const).map((side) =>
    toPixels(style.get(side) ?? style.get(`max-${side}`) ?? image.attribs[side]),
  );
  return sides.some((side) => side !== undefined && side <= 2);
}
