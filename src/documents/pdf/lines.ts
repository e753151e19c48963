/** A PDF knows no lines and no columns, only runs of text and where they stand: here they become both. */

/** Of the size of its letters: how far a run stands above or below its line, as a raised 2 or a bullet does. */
const maxRise = 0.5;
/** A gap that is wider is one between columns. */
const columnGap = 1.3;

type Run = { str: string; hasEOL: boolean; width: number; transform: readonly number[] };

export function toLines(items: readonly unknown[]): string {
  const lines: string[] = [];
  let line = "";
  /** Where the line stands, and the size of its largest letters. */
  let at: { height: number; size: number } | undefined;

  function endLine(): void {
    lines.push(line.trimEnd());
    line = "";
    at = undefined;
  }

  for (const item of items) {
    if (!isRun(item)) continue;
    const [, , c = 0, d = 0, , height = 0] = item.transform;
    const size = Math.hypot(c, d);
    if (item.str.trim() !== "") {
      const isElsewhere = at && Math.abs(height - at.height) > maxRise * Math.max(size, at.size);
      if (isElsewhere && line.trim() !== "") endLine();
      if (!at || size > at.size) at = { height, size };
    }
    const isGap = item.str.trim() === "" && item.width > columnGap * size && line.trim() !== "";
    line += isGap ? "\t" : item.str;
    if (item.hasEOL) endLine();
  }
  endLine();
  return lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function isRun(item: unknown): item is Run {
  return typeof item === "object" && item !== null && "str" in item && "transform" in item;
}
