/** How items of lists are counted in office formats: 1, a, iv; "2.1." */

const romans: readonly [number, string][] = [
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

export type Count = "decimal" | "letter" | "roman";

/** a … z, aa, bb … as word processors do it; beyond what is sensible, digits. */
export function showCount(number: number, count: Count): string {
  if (count === "decimal" || number < 1 || number > 3999) return String(number);
  if (count === "letter")
    return String.fromCharCode(97 + ((number - 1) % 26)).repeat(
      Math.min(10, Math.floor((number - 1) / 26) + 1),
    );
  let left = number;
  return romans
    .map(([value, letters]) => {
      const times = Math.floor(left / value);
      left -= times * value;
      return letters.repeat(times);
    })
    .join("");
}

/** Before an item, as deep as it stands: "  - ", "  a) ". */
export const toMark = (level: number, label: string) => `${"  ".repeat(Math.min(8, level))}${label || "-"} `;
