/** Colours, as far as it takes to see that text has the colour of what it stands on. */

export type Colour = readonly [red: number, green: number, blue: number];

const named: Record<string, Colour> = {
  white: [255, 255, 255],
  black: [0, 0, 0],
  red: [255, 0, 0],
  green: [0, 128, 0],
  blue: [0, 0, 255],
  yellow: [255, 255, 0],
  gray: [128, 128, 128],
  grey: [128, 128, 128],
  silver: [192, 192, 192],
  navy: [0, 0, 128],
  whitesmoke: [245, 245, 245],
  snow: [255, 250, 250],
  ivory: [255, 255, 240],
};

/** `undefined` for a name we do not know; `"transparent"` when nothing is painted. */
export function toColour(text: string): Colour | "transparent" | undefined {
  const value = text.trim().toLowerCase();
  if (value === "transparent") return "transparent";
  if (Object.hasOwn(named, value)) return named[value];
  const hex = /^#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.exec(value)?.[1];
  if (hex) {
    const wide = hex.length <= 4 ? [...hex].map((digit) => digit + digit).join("") : hex;
    if (wide.length === 8 && wide.endsWith("00")) return "transparent";
    const part = (at: number) => Number.parseInt(wide.slice(at, at + 2), 16);
    return [part(0), part(2), part(4)];
  }
  const parts = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)(?:[\s,/]+([\d.]+)(%?))?\s*\)$/.exec(value);
  if (!parts) return undefined;
  if (parts[4] !== undefined && Number(parts[4]) === 0) return "transparent";
  return [Number(parts[1]), Number(parts[2]), Number(parts[3])];
}

/** Too close for any eye. */
export function sameToTheEye(a: Colour, b: Colour): boolean {
  return a.every((part, at) => Math.abs(part - (b[at] ?? 0)) <= 12);
}
