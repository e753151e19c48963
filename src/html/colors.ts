/** CSS colors, as far as needed to find text painted in the color of its background. */

/** Channels from 0 to 255; `alpha` from 0 (transparent) to 1 (opaque). */
export type Color = readonly [red: number, green: number, blue: number, alpha: number];

const maxColorCharacters = 100;

/**
 * Parses any CSS color, and the hexadecimal digits without `#` of legacy attributes (HTML section 2.3.6).
 * Returns undefined for everything else, system colors included.
 */
export function parseColor(text: string): Color | undefined {
  const value = text.trim().toLowerCase();
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

/** True when no reader could tell the two colors apart. */
export function isIndistinguishable(a: Color, b: Color): boolean {
  return a.every((channel, at) => Math.abs(channel - (b[at] ?? 0)) <= 12);
}
