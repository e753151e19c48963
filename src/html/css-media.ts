/** Conditions in style sheets, as they hold for a person at a desk, by day. */

const windowWidth = 1024;

/** Whether a media query holds. What is not known does not. */
export function mediaHolds(query: string): boolean {
  return query
    .toLowerCase()
    .split(",")
    .some((text) => {
      const alternative = text.trim();
      const negated = /^not\s+(.*)$/s.exec(alternative)?.[1];
      return negated === undefined ? allHold(alternative) : !allHold(negated);
    });
}

function allHold(alternative: string): boolean {
  return alternative
    .split(/\band\b/)
    .map((part) => part.trim())
    .every((part) => part === "" || /^(only\s+)?(screen|all)$/.test(part) || featureHolds(part));
}

function featureHolds(part: string): boolean {
  const [, bound, least] =
    /^\(\s*(min|max)-(?:device-)?width\s*:\s*([\d.]+(?:px|em|rem)?)\s*\)$/.exec(part) ?? [];
  if (least) return bound === "min" ? windowWidth >= toPixels(least) : windowWidth <= toPixels(least);
  const [, sign, width] = /^\(\s*width\s*([<>]=?)\s*([\d.]+(?:px|em|rem)?)\s*\)$/.exec(part) ?? [];
  if (width) return sign?.startsWith(">") ? windowWidth >= toPixels(width) : windowWidth <= toPixels(width);
  const feature = /^\(\s*([a-z-]+)\s*(?::\s*([^()]+?)\s*)?\)$/.exec(part);
  return feature !== null && (features[feature[1] ?? ""]?.test(feature[2] ?? "") ?? false);
}

/** What a desk's screen has, by day. */
const features: Readonly<Record<string, RegExp>> = {
  "prefers-color-scheme": /^light$/,
  "prefers-reduced-motion": /^no-preference$/,
  orientation: /^landscape$/,
  hover: /^(hover)?$/,
  pointer: /^(fine)?$/,
  color: /^$/,
  "-webkit-min-device-pixel-ratio": /^[01](\.0)?$/,
  "min-resolution": /^([01]dppx|[1-9]\d?dpi)$/,
};

function toPixels(length: string): number {
  return Number.parseFloat(length) * (/em$/.test(length) ? 16 : 1);
}

/** Whether browsers know what is asked for: they do, since it is asked; unless it is asked whether they do not. */
export function supportsHolds(condition: string): boolean {
  return !/^\s*not\b/i.test(condition);
}
