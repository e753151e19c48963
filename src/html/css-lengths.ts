/** CSS lengths as pixels, for a desktop window and text of the usual size. */

/** Pixels per unit; percentages count as parts of the window's width. */
const pixelsPerUnit: Readonly<Record<string, number>> = {
  ...{ "": 1, px: 1, pt: 4 / 3, pc: 16, in: 96, cm: 37.8, mm: 3.78, em: 16, rem: 16, ex: 8, ch: 8 },
  ...{ "%": 10.24, vw: 10.24, vh: 10.24 },
};

/** Undefined for keywords such as `auto` and everything else that is not one length. */
export function toPixels(value: string | undefined): number | undefined {
  const [, amount, unit = ""] =
    /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))([a-z%]*)$/.exec((value ?? "").trim().toLowerCase()) ?? [];
  const scale = Object.hasOwn(pixelsPerUnit, unit) ? pixelsPerUnit[unit] : undefined;
  return amount === undefined || scale === undefined ? undefined : Number(amount) * scale;
}

/** The number at the beginning of a value, whatever unit follows. */
export function leadingNumber(value: string | undefined): number | undefined {
  const number = Number.parseFloat(value ?? "");
  return Number.isNaN(number) ? undefined : number;
}

const namedSizesPx: Readonly<Record<string, number>> = {
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

/** A font size in pixels, given that of the parent; the parent's when the value is not understood. */
export function toFontSizePx(value: string | undefined, parentPx: number): number {
  if (value === undefined) return parentPx;
  if (Object.hasOwn(namedSizesPx, value)) return namedSizesPx[value] ?? parentPx;
  const [, amount, unit = "px"] = /^([\d.]+)(px|pt|em|rem|%)?$/.exec(value) ?? [];
  if (amount === undefined) return parentPx;
  const scale = { px: 1, pt: 4 / 3, em: parentPx, rem: 16, "%": parentPx / 100 }[unit] ?? 1;
  return Number(amount) * scale;
}
