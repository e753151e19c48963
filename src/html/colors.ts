/** CSS colors, as far as needed to find text painted in the color of its background. */

/** Channels from 0 to 255; `alpha` from 0 (transparent) to 1 (opaque). */
export type Color = readonly [red: number, green: number, blue: number, alpha: number];

const maxColorCharacters = 100;

/**
 * Parses any CSS color, and the hexadecimal digits without `#` of legacy attributes (HTML section 2.3.6).
 * Returns undefined for everything else, system colors included.
 */
export function parseColor(text: string): Color | undefined {
  const value = text
    .trim()
    .toLowerCase()
    // The fallback of a custom property, which mail programs do not know.
    .replace(/^var\(\s*--[\w-]*\s*,(.*)\)$/, "$1")
    .trim();
  if (value.length > maxColorCharacters) return undefined;
  const css = /^([0-9a-f]{3}|[0-9a-f]{6})$/.test(value) ? `#${value}` : value;
  // One keyword or one function: Bun.color would take the red of "red url(x)".
  if (!/^(#?[a-z0-9]+|[a-z]+\([^()]*\))$/.test(css)) return undefined;
  const channels = Bun.color(css, "[rgba]");
  // System colors come back as strings.
  if (!Array.isArray(channels)) return undefined;
  const [red, green, blue, alpha] = channels;
  return [red, green, blue, alpha / 255];
}

/** The opaque color that results from painting one color over another. */
export function paintOver([red, green, blue, alpha]: Color, below: Color): Color {
  const mix = (top: number, under: number) => top * alpha + under * (1 - alpha);
  return [mix(red, below[0]), mix(green, below[1]), mix(blue, below[2]), 1];
}

const maxHiddenContrast = 1.12;
/** Beyond this distance a hue can be told from another of the same luminance. */
const maxHiddenDistance = 56;

/** True when no reader could tell text of one color from a background of the other, such as light yellow on white. */
export function isIndistinguishable(a: Color, b: Color): boolean {
  const distances = a.map((channel, at) => Math.abs(channel - (b[at] ?? 0)));
  if (distances.every((distance) => distance <= 12)) return true;
  return distances.every((distance) => distance <= maxHiddenDistance) && contrast(a, b) < maxHiddenContrast;
}

/** The contrast ratio of WCAG 2.2, from 1 to 21. */
function contrast(a: Color, b: Color): number {
  const [one, other] = [luminance(a), luminance(b)];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

function luminance([red, green, blue]: Color): number {
  const linear = (channel: number) => {
    const part = channel / 255;
    if (part <= 0.04045) return part / 12.92;
    return ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/**
 * Parses the color attributes of HTML (HTML section 2.3.6, parsing a legacy color value): any text is some color there.
 * Returns undefined where the attribute sets none.
 */
export function parseLegacyColor(attribute: string): Color | undefined {
  const text = attribute.trim().toLowerCase();
  if (text === "" || text === "transparent") return undefined;
  const named = /^[a-z]+$/.test(text) ? parseColor(text) : undefined;
  if (named) return named;
  if (/^#[0-9a-f]{3}$/.test(text)) return parseColor(text);
  const digits = text
    .replace(/[\u{10000}-\u{10ffff}]/gu, "00")
    .slice(0, 128)
    .replace(/^#/, "")
    .replace(/[^0-9a-f]/g, "0");
  const padded = digits.padEnd(Math.max(3, Math.ceil(digits.length / 3) * 3), "0");
  const length = padded.length / 3;
  const components = [0, 1, 2].map((at) => padded.slice(at * length, (at + 1) * length).slice(-8));
  return toRgb(withoutSharedZeros(components));
}

/** Components longer than two digits lose the leading zeros that all of them have. */
function withoutSharedZeros(components: readonly string[]): string[] {
  let shorter = [...components];
  while ((shorter[0]?.length ?? 0) > 2 && shorter.every((component) => component.startsWith("0")))
    shorter = shorter.map((component) => component.slice(1));
  return shorter.map((component) => component.slice(0, 2));
}

function toRgb(components: readonly string[]): Color {
  const [red = 0, green = 0, blue = 0] = components.map((component) => Number.parseInt(component, 16));
  return [red, green, blue, 1];
}
