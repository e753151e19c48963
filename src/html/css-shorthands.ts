/** Expansion of the CSS shorthands and aliases that decide visibility into the longhands that are examined. */

const aliases: Readonly<Record<string, string>> = {
  "overflow-x": "overflow",
  "overflow-y": "overflow",
  "block-size": "height",
  "inline-size": "width",
  "max-block-size": "max-height",
  "max-inline-size": "max-width",
  "text-decoration-line": "text-decoration",
};

export const shorthands: ReadonlySet<string> = new Set([
  ...["font", "margin", "padding", "inset", "rotate", "scale", "translate"],
  ...Object.keys(aliases),
]);

/** The longhands that a declaration sets: itself when it is one, none when it sets nothing that is examined. */
export function expandShorthand(property: string, value: string): [property: string, value: string][] {
  const simple = value.replace(/^calc\(([^()\s]*)\)$/, "$1").trim();
  switch (property) {
    case "font":
      return sizeOfFont(simple).map((size) => ["font-size", size]);
    case "margin":
    case "padding":
      return Object.entries(toSides(simple)).map(([side, length]) => [`${property}-${side}`, length]);
    case "inset":
      return Object.entries(toSides(simple));
    case "rotate":
      return rotationOf(simple).map((rotation) => ["transform", rotation]);
    case "scale":
      return [["transform", `scale(${simple})`]];
    case "translate":
      return [["transform", `translate(${simple})`]];
    default:
      return [[aliases[property] ?? property, simple]];
  }
}

/** `y 90deg` -> `rotatey(90deg)`; a turn in the plane of the page hides nothing. */
function rotationOf(value: string): string[] {
  const [axis = "", angle = ""] = value.split(/\s+/);
  return /^[xy]$/.test(axis) ? [`rotate${axis}(${angle})`] : [];
}

/** `0 auto` -> one length for each side (CSS 2.1 section 8.3). */
function toSides(value: string): Record<"top" | "right" | "bottom" | "left", string> {
  const [top = "", right = top, bottom = top, left = right] = value.split(/\s+/);
  return { top, right, bottom, left };
}

/** `bold 12px/1.5 Arial` -> `12px`: the size is the first length, and a family follows it (CSS 2.1 section 15.8). */
function sizeOfFont(value: string): string[] {
  const tokens = value.replaceAll("/", " / ").split(/\s+/);
  const at = tokens.findIndex((token) => /^(0|[\d.]+(px|pt|em|rem|%))$/.test(token));
  const family = tokens[at + 1] === "/" ? at + 3 : at + 1;
  const size = tokens[at];
  return size !== undefined && /^\D/.test(tokens[family] ?? "") ? [size] : [];
}
