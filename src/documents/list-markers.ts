/** Numbers and markers of list items, as word processors show them. */

const romanNumerals: readonly [value: number, numeral: string][] = [
  [1000, "m"],
  [900, "cm"],
  [500, "d"],
  [400, "cd"],
  [100, "c"],
  [90, "xc"],
  [50, "l"],
  [40, "xl"],
  [10, "x"],
  [9, "ix"],
  [5, "v"],
  [4, "iv"],
  [1, "i"],
];

export type NumberStyle = "decimal" | "letter" | "roman";

/** Formats 3 as 3, c or iii; after z comes aa, then bb. Numbers outside 1 to 3999 stay decimal. */
export function formatListNumber(number: number, style: NumberStyle): string {
  if (style === "decimal" || number < 1 || number > 3999) return String(number);
  if (style === "letter")
    return String.fromCharCode(97 + ((number - 1) % 26)).repeat(
      Math.min(10, Math.floor((number - 1) / 26) + 1),
    );
  let rest = number;
  return romanNumerals
    .map(([value, numeral]) => {
      const times = Math.floor(rest / value);
      rest -= times * value;
      return numeral.repeat(times);
    })
    .join("");
}

/** Returns the marker before an item, indented by its level from zero: "  - ", "  a) ". */
export const listMarker = (level: number, label: string) =>
  `${"  ".repeat(Math.min(8, level))}${label || "-"} `;
