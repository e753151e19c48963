/** CSS lengths as pixels, for a desktop window. */

const windowWidthPx = 1024;
const windowHeightPx = 768;
export const defaultFontSizePx = 16;

/** Pixels per absolute unit (CSS Values level 4, section 6.2), and per part of the window. */
const pixelsPerUnit: Readonly<Record<string, number>> = {
  ...{ "": 1, px: 1, pt: 4 / 3, pc: 16, in: 96, cm: 37.8, mm: 3.78, q: 0.945, rem: defaultFontSizePx },
  ...{ "%": windowWidthPx / 100, vw: windowWidthPx / 100, vh: windowHeightPx / 100 },
};
/** Units relative to the font size: an ex and a ch are about half of it. */
const emsPerUnit: Readonly<Record<string, number>> = { em: 1, ex: 0.5, ch: 0.5 };

/** Undefined for keywords such as `auto` and everything else that is not one length, or a function of plain lengths. */
export function toPixels(value: string | undefined, fontSizePx = defaultFontSizePx): number | undefined {
  if (value?.endsWith(")")) return computeLength(value, (length) => toPixels(length, fontSizePx));
  const [, amount, unit = ""] =
    /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))([a-z%]*)$/.exec((value ?? "").trim().toLowerCase()) ?? [];
  if (amount === undefined) return undefined;
  const perUnit = Object.hasOwn(emsPerUnit, unit)
    ? (emsPerUnit[unit] ?? 1) * fontSizePx
    : Object.hasOwn(pixelsPerUnit, unit)
      ? pixelsPerUnit[unit]
      : undefined;
  return perUnit === undefined ? undefined : Number(amount) * perUnit;
}

const maxFunctionCharacters = 100;

/** `calc()` of a sum, `min()`, `max()` and `clamp()` (CSS Values level 4, section 10), without others inside. */
function computeLength(value: string, resolve: (length: string) => number | undefined): number | undefined {
  if (value.length > maxFunctionCharacters) return undefined;
  const [, name, inside = ""] = /^(calc|min|max|clamp)\(([^()]*)\)$/i.exec(value.trim()) ?? [];
  if (name === undefined) return undefined;
  const lengths = (name === "calc" ? toTerms(inside) : inside.split(",")).map(resolve);
  if (lengths.some((length) => length === undefined)) return undefined;
  const pixels = lengths.map(Number);
  switch (name) {
    case "calc":
      return pixels.reduce((sum, term) => sum + term, 0);
    case "min":
      return Math.min(...pixels);
    case "max":
      return Math.max(...pixels);
    default: {
      const [least = 0, preferred = 0, most = 0] = pixels;
      return Math.max(least, Math.min(preferred, most));
    }
  }
}

/** `1px - 2px` -> `1px`, `-2px`; products stay one term, which is no length. */
const toTerms = (sum: string) =>
  sum
    .trim()
    .replace(/\s([+-])\s/g, ",$1")
    .split(",");

/** The number at the beginning of a value, whatever unit follows. */
export function leadingNumber(value: string | undefined): number | undefined {
  const number = Number.parseFloat(value ?? "");
  return Number.isNaN(number) ? undefined : number;
}

const namedSizesPx: Readonly<Record<string, number>> = {
  "xx-small": 9,
  "x-small": 10,
  small: 13,
  medium: defaultFontSizePx,
  initial: defaultFontSizePx,
  large: 18,
  "x-large": 24,
  "xx-large": 32,
  "xxx-large": 48,
};

/** Chromium shows text of a relative size no smaller than this, unless it is 0. */
const minRelativeSizePx = 6;

/** A font size in pixels, given that of the parent; the parent's when the value is not understood. */
export function toFontSizePx(value: string | undefined, parentPx: number): number {
  if (value === undefined) return parentPx;
  if (Object.hasOwn(namedSizesPx, value)) return namedSizesPx[value] ?? parentPx;
  if (value === "smaller") return atLeastReadable(parentPx / 1.2);
  if (value === "larger") return atLeastReadable(parentPx * 1.2);
  const isRelative = /(%|em|ex|ch|v[wh])$/.test(value);
  const pixels = value.endsWith("%")
    ? ((leadingNumber(value) ?? 100) * parentPx) / 100
    : toPixels(value, parentPx);
  if (pixels === undefined || pixels < 0) return parentPx;
  return isRelative && !value.endsWith("rem") ? atLeastReadable(pixels) : pixels;
}

const atLeastReadable = (pixels: number) => (pixels === 0 ? 0 : Math.max(pixels, minRelativeSizePx));

const offScreenPx = -999;
/** Beyond what anyone scrolls to. */
const unreachablePx = 5000;

/** True for a length that moves a box where nobody sees it. */
export function isFarAway(length: string | undefined): boolean {
  const pixels = toPixels(length) ?? 0;
  return pixels <= offScreenPx || pixels >= unreachablePx;
}
