/** Declarations that say in one what others say, as those others. */

const others: Readonly<Record<string, string>> = {
  "overflow-x": "overflow",
  "overflow-y": "overflow",
  "block-size": "height",
  "inline-size": "width",
  "max-block-size": "max-height",
  "max-inline-size": "max-width",
  "text-decoration-line": "text-decoration",
};

export const shorthands: ReadonlySet<string> = new Set([
  ...["font", "margin", "padding", "inset", "scale", "translate"],
  ...Object.keys(others),
]);

/** What a declaration sets; itself where it is no shorthand. Nothing when it says nothing that is looked at. */
export function expand(property: string, value: string): [property: string, value: string][] {
  const bare = value.replace(/^calc\(([^()]*)\)$/, "$1").trim();
  switch (property) {
    case "font":
      return sizeInFont(bare).map((size) => ["font-size", size]);
    case "margin":
    case "padding":
      return Object.entries(toSides(bare)).map(([side, length]) => [`${property}-${side}`, length]);
    case "inset":
      return Object.entries(toSides(bare));
    case "scale":
      return [["transform", `scale(${bare})`]];
    case "translate":
      return [["transform", `translate(${bare})`]];
    default:
      return [[others[property] ?? property, bare]];
  }
}

/** `0 auto` -> how far from each side. */
function toSides(value: string): Record<"top" | "right" | "bottom" | "left", string> {
  const [top = "", right = top, bottom = top, left = right] = value.split(/\s+/);
  return { top, right, bottom, left };
}

/** `12px/1.5 Arial` -> 12px. */
function sizeInFont(value: string): string[] {
  const size = /(?:^|\s)([\d.]+(?:px|pt|em|rem|%)?)(?:\s*\/\s*\S+)?\s+[^\s\d]/.exec(value)?.[1];
  return size === undefined ? [] : [size];
}
