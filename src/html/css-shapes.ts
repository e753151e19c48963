/** Clipping and transforms that leave nothing of an element to see. */
import { leadingNumber, toPixels } from "./css-lengths.ts";
import type { Style } from "./style-resolver.ts";

/** `name(a, b) name(c)` -> the calls and their arguments. */
function callsOf(value: string): { name: string; values: string[] }[] {
  return value.split(")").flatMap((call) => {
    const open = call.indexOf("(");
    if (open < 0) return [];
    const values = call
      .slice(open + 1)
      .replaceAll(",", " ")
      .trim()
      .split(/\s+/);
    return [{ name: call.slice(0, open).replaceAll(",", " ").trim(), values }];
  });
}

const maxHiddenPx = 5;

/** True when `clip`, `clip-path`, `filter` or `zoom` hides the element. */
export function hidesByClipping(style: Style): boolean {
  const isAbsolute = /absolute|fixed/.test(style.get("position") ?? "");
  return (
    // Applies to absolutely positioned elements only (CSS 2.1 section 11.1.2).
    (isAbsolute && callsOf(style.get("clip") ?? "").some(({ values }) => isEmptyRectangle(values))) ||
    callsOf(style.get("clip-path") ?? "").some(isEmptyShape) ||
    callsOf(style.get("filter") ?? "").some(isIllegibleFilter) ||
    isTinyZoom(style.get("zoom"))
  );
}

/** `rect(top, right, bottom, left)`. */
function isEmptyRectangle(values: readonly string[]): boolean {
  const [top, right, bottom, left] = values.map((value) => toPixels(value));
  const isSmall = (from: number | undefined, to: number | undefined) =>
    to !== undefined && to - (from ?? 0) <= maxHiddenPx;
  return isSmall(top, bottom) || isSmall(left, right);
}

/** CSS Shapes level 1, section 3. */
function isEmptyShape({ name, values }: { name: string; values: readonly string[] }): boolean {
  switch (name) {
    case "inset": {
      const [top = "0", right = top, bottom = top, left = right] = values.filter((value) => /\d/.test(value));
      return coversAll(top, bottom) || coversAll(left, right);
    }
    case "xywh":
      return isNone(values[2]) || isNone(values[3]);
    case "rect":
      return isEmptyRectangle(values);
    case "circle":
      return isNone(values[0]);
    case "ellipse":
      return isNone(values[0]) || isNone(values[1]);
    case "polygon":
      return new Set(values.filter((value) => /\d/.test(value)).map(Number.parseFloat)).size === 1;
    default:
      return false;
  }
}

const isNone = (radius: string | undefined) => (toPixels(radius) ?? 100) <= maxHiddenPx / 2;

/** True for insets of two opposite sides that leave nothing between them. */
function coversAll(one: string, other: string): boolean {
  const sum = (leadingNumber(one) ?? 0) + (leadingNumber(other) ?? 0);
  // One side alone covers the box.
  if ([one, other].some((side) => side.endsWith("%") && (leadingNumber(side) ?? 0) >= 98)) return true;
  return one.endsWith("%") && other.endsWith("%") ? sum >= 98 : sum >= 2000;
}

const maxLegibleBlurPx = 10;

function isIllegibleFilter({ name, values }: { name: string; values: readonly string[] }): boolean {
  const amount = leadingNumber(values[0]);
  if (name === "blur") return (toPixels(values[0]) ?? 0) >= maxLegibleBlurPx;
  return name === "opacity" && amount !== undefined && amount < (values[0]?.endsWith("%") ? 5 : 0.05);
}

function isTinyZoom(zoom: string | undefined): boolean {
  const amount = leadingNumber(zoom);
  const scale = zoom?.endsWith("%") ? (amount ?? 100) / 100 : (amount ?? 1);
  return scale > 0 && scale < 0.1;
}

const minScale = 0.1;
const offScreenPx = -999;

/** True when a transform scales an element to nothing, turns it edge-on or moves it off the screen. */
export function hidesByTransform(transform: string): boolean {
  return callsOf(transform).some(({ name, values }) => {
    const numbers = values.map((value) => leadingNumber(value) ?? 0);
    const [first = 0, second = first] = numbers;
    switch (name) {
      case "scale":
      case "scale3d":
        return Math.min(Math.abs(first), Math.abs(second)) < minScale;
      case "scalex":
      case "scaley":
        return Math.abs(first) < minScale;
      case "rotatex":
      case "rotatey":
        return values[0]?.endsWith("deg") === true && Math.abs((first % 180) - 90) < 3;
      case "translate":
      case "translatex":
      case "translatey":
      case "translate3d":
        return values.some((value) => (toPixels(value) ?? 0) <= offScreenPx);
      case "matrix": {
        const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = numbers;
        return Math.abs(a * d - b * c) < minScale * minScale || Math.min(e, f) <= offScreenPx;
      }
      default:
        return false;
    }
  });
}
