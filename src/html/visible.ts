/** Whether a person sees an element of an HTML email, given what surrounds it. */
import { type ChildNode, type Element, isTag } from "domhandler";
import { type Colour, over, sameToTheEye, toColour } from "./colors.ts";
import type { Style } from "./css.ts";

/** What an element hands down to what is in it. */
export type Surroundings = {
  colour: Colour | undefined;
  /** Undefined when a picture is painted there: then no colour can be judged. */
  ground: Colour | undefined;
  fontSize: number;
  invisible: boolean;
  preserve: boolean;
  /** Of links that have no other colour. */
  link: string;
  /** What is inside stands apart from each other, words of a line too (flex, grid). */
  apart: boolean;
};

export const page: Surroundings = {
  colour: [0, 0, 0, 1],
  ground: [255, 255, 255, 1],
  fontSize: 16,
  invisible: false,
  preserve: false,
  link: "#0000ee",
  apart: false,
};

/** Elements that are never part of what is read. */
const neverShown = new Set([
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
  // Brackets for who has no small letters: we set our own.
  "rp",
  // What of a drawing is not drawn.
  "desc",
  "defs",
  "metadata",
  "symbol",
  "clippath",
  "mask",
]);

/** Gone with everything in it, whatever that says of itself. */
export function isRemoved(element: Element, style: Style): boolean {
  if (isStray(element)) return false;
  const { name, attribs } = element;
  if (neverShown.has(name) || "hidden" in attribs || "popover" in attribs) return true;
  if (name === "dialog" && !("open" in attribs)) return true;
  if (name === "input" && attribs.type?.toLowerCase() === "hidden") return true;
  if (style.get("display") === "none" || style.get("content-visibility") === "hidden") return true;
  if ((number(style.get("opacity")) ?? 1) < 0.05) return true;
  return isClipped(element, style) || isFarAway(style);
}

function isClipped(element: Element, style: Style): boolean {
  const is = (name: string, pattern: RegExp) => pattern.test(style.get(name) ?? "");
  // A cell is as large as what is in it, whatever it says.
  const sized = /^(table|tbody|td|th|tr)$/.test(element.name)
    ? ["max-width"]
    : ["max-height", "height", "max-width", "width"];
  const cuts = is("overflow", /hidden|clip|auto|scroll/) && !isInline(element, style);
  if (cuts && sized.some((name) => isNothing(style.get(name)))) return true;
  return (
    is("clip", /^rect\(\s*0(px)?[\s,]+0(px)?[\s,]+0(px)?[\s,]+0(px)?\s*\)$/) ||
    is("clip-path", /^(inset\((50|100)%|circle\(0|polygon\(([0\s,]|px|%)+\)$)/) ||
    is("transform", /\bscale([xy]|3d)?\(\s*0(\.0+)?\s*[,)]|\btranslate[xy]?\(\s*-\d{4,}/) ||
    is("zoom", /^0?\.0\d*$|^0$|^[0-4]%$/) ||
    is("filter", /\bopacity\(0%?\)/)
  );
}

const inlineNames = /^(a|abbr|b|big|cite|code|em|font|i|label|mark|q|s|small|span|strong|sub|sup|tt|u)$/;

/** No box of its own: it has no size, and cuts nothing off (CSS 2.1 section 11.1.1). */
function isInline(element: Element, style: Style): boolean {
  const display = style.get("display") ?? (inlineNames.test(element.name) ? "inline" : "block");
  const placed =
    /absolute|fixed/.test(style.get("position") ?? "") || /left|right/.test(style.get("float") ?? "");
  return display === "inline" && !placed;
}

function isFarAway(style: Style): boolean {
  const is = (name: string) => (toPixels(style.get(name)) ?? 0) <= -999;
  // Letters on top of each other.
  const spacing = style.get("letter-spacing") ?? "";
  if ((number(spacing) ?? 0) <= (spacing.endsWith("em") ? -0.6 : -10)) return true;
  if (["text-indent", "margin-left", "margin-top"].some(is)) return true;
  const placed = /absolute|fixed|relative/.test(style.get("position") ?? "");
  return placed && ["left", "top", "right", "bottom"].some(is);
}

/** `0`, `0px`, `1px`: too small for a letter. */
function isNothing(value: string | undefined): boolean {
  const pixels = toPixels(value);
  return pixels !== undefined && pixels <= 1;
}

/** Of the page's width, or of letters of the usual size. */
const units: Readonly<Record<string, number>> = {
  ...{ "": 1, px: 1, pt: 4 / 3, pc: 16, in: 96, cm: 37.8, mm: 3.78, em: 16, rem: 16, ex: 8, ch: 8 },
  ...{ "%": 10.24, vw: 10.24, vh: 10.24 },
};

/** A length; undefined for what is none, such as `auto`. */
function toPixels(value: string | undefined): number | undefined {
  const [, amount, unit = ""] = /^\s*(-?\d*\.?\d+)([a-z%]*)\s*$/i.exec(value ?? "") ?? [];
  const scale = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  return amount === undefined || scale === undefined ? undefined : Number(amount) * scale;
}

function number(value: string | undefined): number | undefined {
  const match = /^\s*(-?[\d.]+)/.exec(value ?? "");
  return match ? Number(match[1]) : undefined;
}

/** What holds inside an element. */
export function into(element: Element, style: Style, around: Surroundings): Surroundings {
  if (isStray(element)) return around;
  const visibility = style.get("visibility");
  const { name, attribs } = element;
  const attribute = name === "font" ? attribs.color : name === "body" ? attribs.text : undefined;
  const drawn = name === "text" || name === "tspan";
  const own = ownColours(element, around);
  const colourText = drawn
    ? (style.get("fill") ?? attribs.fill)
    : (style.get("-webkit-text-fill-color") ?? style.get("color") ?? attribute ?? own.text);
  return {
    colour: colourText === undefined || colourText === "inherit" ? around.colour : toColour(colourText),
    ground: groundOf(element, style, own.ground ?? around.ground),
    fontSize: fontSizeOf(
      style.get("font-size") ?? (name === "font" && attribs.size ? "medium" : undefined),
      around.fontSize,
    ),
    invisible:
      visibility === undefined ? around.invisible : visibility === "hidden" || visibility === "collapse",
    preserve: style.has("white-space")
      ? /^(pre|pre-wrap|pre-line|break-spaces)$/.test(style.get("white-space") ?? "")
      : around.preserve || element.name === "pre",
    link: (name === "body" ? attribs.link : undefined) ?? around.link,
    apart: /flex|grid/.test(style.get("display") ?? ""),
  };
}

/** What browsers paint without being asked. */
function ownColours({ name, attribs }: Element, { link }: Surroundings): { text?: string; ground?: Colour } {
  if (name === "a" && "href" in attribs) return { text: link };
  if (name === "button") return { text: "black", ground: [239, 239, 239, 1] };
  return name === "mark" ? { text: "black", ground: [255, 255, 0, 1] } : {};
}

function groundOf(element: Element, style: Style, around: Colour | undefined): Colour | undefined {
  // What a drawing's text stands on is drawn, too.
  const isDrawn = (node: ChildNode) => isTag(node) && !/^(text|title|style)$/.test(node.name);
  if (element.name === "svg" && element.children.some(isDrawn)) return undefined;
  if (element.attribs.background || /url\(|gradient\(/.test(style.get("background-image") ?? ""))
    return undefined;
  const shorthand = style.get("background");
  if (shorthand && /url\(|gradient\(/.test(shorthand)) return undefined;
  const value = style.get("background-color") ?? shorthand ?? element.attribs.bgcolor;
  if (value === undefined) return around;
  // A shorthand may say more than the colour.
  const colour =
    toColour(value) ??
    value
      .slice(0, 300)
      .split(/\s+(?![^(]*\))/)
      .map(toColour)
      .find((found) => found !== undefined);
  if (colour) return colour[3] === 1 ? colour : around && over(colour, around);
  return value === "none" || value === "inherit" ? around : undefined;
}

/** Browsers leave away the tag of a cell that is in no table, and all that it says. */
function isStray(element: Element): boolean {
  if (!/^(td|th|tr|tbody|thead|tfoot)$/.test(element.name)) return false;
  for (let above = element.parent; above; above = above.parent)
    if ("name" in above && above.name === "table") return false;
  return true;
}

const namedSizes: Readonly<Record<string, number>> = {
  "xx-small": 9,
  "x-small": 10,
  small: 13,
  medium: 16,
  initial: 16,
  large: 18,
  "x-large": 24,
  "xx-large": 32,
  "xxx-large": 48,
};

function fontSizeOf(value: string | undefined, around: number): number {
  if (value !== undefined && Object.hasOwn(namedSizes, value)) return namedSizes[value] ?? around;
  const match = /^([\d.]+)\s*(px|pt|em|rem|%)?$/.exec(value ?? "");
  if (!match) return around;
  const size = Number(match[1]);
  const scale = { px: 1, pt: 4 / 3, em: around, rem: 16, "%": around / 100 }[match[2] ?? "px"] ?? 1;
  return size * scale;
}

/** Pixels between words that look like a space. */
const gap = 3;

/** Whether an element keeps what stands beside it off. */
export function keepsOff(style: Style, side: "left" | "right"): boolean {
  const off = (name: string) => toPixels(style.get(`${name}-${side}`)) ?? 0;
  return off("margin") + off("padding") >= gap;
}

/** Whether text that stands here is seen. */
export function isSeen(here: Surroundings): boolean {
  if (here.invisible || here.fontSize < 2) return false;
  const { colour, ground } = here;
  return !(colour && ground && sameToTheEye(over(colour, ground), ground));
}

/** A picture that only tells the sender that it was loaded. */
export function isTrackingPixel(image: Element, style: Style): boolean {
  const sides = (["width", "height"] as const).map((side) =>
    toPixels(style.get(side) ?? style.get(`max-${side}`) ?? image.attribs[side]),
  );
  return sides.some((side) => side !== undefined && side <= 2);
}
