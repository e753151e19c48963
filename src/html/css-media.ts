/** Media queries (Media Queries level 4) and @supports, evaluated for a desktop window in daylight. */

const windowWidthPx = 1024;

/** True when a media query list applies. Unknown features do not. */
export function matchesMedia(query: string): boolean {
  return query
    .toLowerCase()
    .split(",")
    .some((text) => {
      const alternative = text.trim();
      return /^not\s/.test(alternative) ? !matchesAll(alternative.slice(4)) : matchesAll(alternative);
    });
}

function matchesAll(alternative: string): boolean {
  return alternative
    .split(/\band\b/)
    .map((part) => part.trim())
    .every((part) => part === "" || /^(only\s+)?(screen|all)$/.test(part) || matchesFeature(part));
}

function matchesFeature(part: string): boolean {
  if (!part.startsWith("(") || !part.endsWith(")")) return false;
  const inside = part.slice(1, -1).trim();
  const range = /^width\s*([<>])=?\s*(\S+)$/.exec(inside);
  if (range) return matchesWidth(range[1] === ">" ? "min" : "max", range[2] ?? "");
  const colon = inside.indexOf(":");
  const name = (colon < 0 ? inside : inside.slice(0, colon)).trim();
  const value = colon < 0 ? "" : inside.slice(colon + 1).trim();
  const bound = /^(min|max)-(?:device-)?width$/.exec(name)?.[1];
  if (bound !== undefined) return matchesWidth(bound, value);
  return Object.hasOwn(desktopFeatures, name) && (desktopFeatures[name]?.test(value) ?? false);
}

function matchesWidth(bound: string, length: string): boolean {
  const [, amount, unit] = /^([\d.]+)(px|em|rem)?$/.exec(length) ?? [];
  if (amount === undefined) return false;
  const pixels = Number.parseFloat(amount) * (unit?.endsWith("em") ? 16 : 1);
  return bound === "min" ? windowWidthPx >= pixels : windowWidthPx <= pixels;
}

const desktopFeatures: Readonly<Record<string, RegExp>> = {
  "prefers-color-scheme": /^light$/,
  "prefers-reduced-motion": /^no-preference$/,
  orientation: /^landscape$/,
  hover: /^(hover)?$/,
  pointer: /^(fine)?$/,
  color: /^$/,
  "-webkit-min-device-pixel-ratio": /^[01](\.0)?$/,
  "min-resolution": /^([01]dppx|[1-9]\d?dpi)$/,
};

/** True unless the condition is negated: a sender asks for what browsers support. */
export function matchesSupports(condition: string): boolean {
  return !/^\s*not\b/i.test(condition);
}
