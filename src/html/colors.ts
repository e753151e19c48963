/** Colours, as far as it takes to see that text has the colour of what it stands on. */

/** `alpha`: 0 paints nothing, 1 covers all. */
export type Colour = readonly [red: number, green: number, blue: number, alpha: number];

/** Any colour of CSS, and the hex digits without # that old attributes have; `undefined` for what is none. */
export function toColour(text: string): Colour | undefined {
  const value = text.trim().toLowerCase();
  const bare = /^([0-9a-f]{3}|[0-9a-f]{6})$/.test(value) ? `#${value}` : value;
  // One word or one function: of "red url(x)" Bun would take the red. No colour is longer than a hundred letters.
  if (bare.length > 100 || !/^(#?[a-z0-9]+|[a-z]+\([^()]*\))$/.test(bare)) return undefined;
  const parts = Bun.color(bare, "[rgba]");
  // Words for the colours of a system stay words.
  if (!Array.isArray(parts)) return undefined;
  const [red, green, blue, alpha] = parts;
  return [red, green, blue, alpha / 255];
}

/** What one sees of a colour that lies on another. */
export function over([red, green, blue, alpha]: Colour, below: Colour): Colour {
  const mix = (top: number, under: number) => top * alpha + under * (1 - alpha);
  return [mix(red, below[0]), mix(green, below[1]), mix(blue, below[2]), 1];
}

/** Too close for any eye. */
export function sameToTheEye(a: Colour, b: Colour): boolean {
  return a.every((part, at) => Math.abs(part - (b[at] ?? 0)) <= 12);
}
