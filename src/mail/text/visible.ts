/** Whether a person sees an element of an HTML email, given what surrounds it. */
import type { Element } from "domhandler";
import { type Colour, sameToTheEye, toColour } from "./colours.ts";
import type { Style } from "./css.ts";

/** What an element hands down to what is in it. */
export type Surroundings = {
  colour: Colour | undefined;
  /** Undefined when a picture is painted there: then no colour can be judged. */
  ground: Colour | undefined;
  fontSize: number;
  invisible: boolean;
  preserve: boolean;
};

export const page: Surroundings = {
  colour: [0, 0, 0],
  ground: [255, 255, 255],
  fontSize: 16,
  invisible: false,
  preserve: false,
};

/** Elements that are never part of what is read. */
const neverShown = new Set([
  "head",
  "title",
  "style",
  "script",
  "template",
  "noscript",
  "meta",
  "link",
  "base",
  "object",
  "embed",
  "applet",
  "iframe",
  "audio",
  "video",
  "canvas",
  "map",
  "datalist",
  "textarea",
  "svg",
  "math",
]);

/** Gone with everything in it, whatever that says of itself. */
export function isRemoved(element: Element, style: Style): boolean {
  if (neverShown.has(element.name) || "hidden" in element.attribs) return true;
  if (element.name === "input" && element.attribs.type?.toLowerCase() === "hidden") return true;
  if (style.get("display") === "none") return true;
  if (number(style.get("opacity")) === 0) return true;
  const clipped = /hidden|clip/.test(style.get("overflow") ?? "");
  const flat = ["max-height", "height"].some((name) => isNothing(style.get(name)));
  const thin = ["max-width", "width"].some((name) => isNothing(style.get(name)));
  if (clipped && (flat || thin)) return true;
  const away = ["left", "top", "text-indent"].some((name) => (number(style.get(name)) ?? 0) <= -999);
  if (away && (style.has("text-indent") || /absolute|fixed/.test(style.get("position") ?? ""))) return true;
  return /^rect\(\s*0(px)?[\s,]+0(px)?[\s,]+0(px)?[\s,]+0(px)?\s*\)$/.test(style.get("clip") ?? "");
}

/** `0`, `0px`, `1px`: too small for a letter. */
function isNothing(value: string | undefined): boolean {
  const pixels = number(value);
  return pixels !== undefined && pixels <= 1 && !/%|em|auto/.test(value ?? "");
}

function number(value: string | undefined): number | undefined {
  const match = /^\s*(-?[\d.]+)/.exec(value ?? "");
  return match ? Number(match[1]) : undefined;
}

/** What holds inside an element. */
export function into(element: Element, style: Style, around: Surroundings): Surroundings {
  const visibility = style.get("visibility");
  const { name, attribs } = element;
  const attribute = name === "font" ? attribs.color : name === "body" ? attribs.text : undefined;
  const colourText = style.get("color") ?? attribute;
  const colour = colourText === undefined ? around.colour : toColour(colourText);
  return {
    colour:
      colour === "transparent"
        ? around.ground
        : (colour ?? (colourText === "inherit" ? around.colour : undefined)),
    ground: groundOf(element, style, around.ground),
    fontSize: fontSizeOf(style.get("font-size"), around.fontSize),
    invisible:
      visibility === undefined ? around.invisible : visibility === "hidden" || visibility === "collapse",
    preserve: style.has("white-space")
      ? /^(pre|pre-wrap|pre-line|break-spaces)$/.test(style.get("white-space") ?? "")
      : around.preserve || element.name === "pre",
  };
}

function groundOf(element: Element, style: Style, around: Colour | undefined): Colour | undefined {
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
  return colour === "transparent"
    ? around
    : (colour ?? (value === "none" || value === "inherit" ? around : undefined));
}

function fontSizeOf(value: string | undefined, around: number): number {
  const match = /^([\d.]+)\s*(px|pt|em|rem|%)?$/.exec(value ?? "");
  if (!match) return around;
  const size = Number(match[1]);
  const scale = { px: 1, pt: 4 / 3, em: around, rem: 16, "%": around / 100 }[match[2] ?? "px"] ?? 1;
  return size * scale;
}

/** Whether text that stands here is seen. */
export function isSeen(here: Surroundings): boolean {
  if (here.invisible || here.fontSize <= 1.5) return false;
  return !(here.colour && here.ground && sameToTheEye(here.colour, here.ground));
}

/** A picture that only tells the sender that it was loaded. */
export function isTrackingPixel(image: Element, style: Style): boolean {
  const sides = (["width", "height"] as const).map((side) =>
    number(style.get(side) ?? style.get(`max-${side}`) ?? image.attribs[side]),
  );
  return sides.some((side) => side !== undefined && side <= 2);
}
