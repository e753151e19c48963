/** Lines and columns out of the positioned runs of text that a PDF page consists of. */

/** Maximum distance of a run from its line, relative to the font size: enough for an exponent or a bullet. */
const maxRise = 0.5;
/** Minimum width of a gap between columns, relative to the font size. */
const minColumnGap = 1.3;

/** `transform`: the text matrix (ISO 32000-1 section 9.4.4), whose last number is the height on the page. */
type TextRun = { str: string; hasEOL: boolean; width: number; transform: readonly number[] };

/** `items`: those of pdf.js's text content. Columns are separated by tabs. */
export function toTextLines(items: readonly unknown[]): string {
  const lines: string[] = [];
  let line = "";
  /** Position of the line, and its largest font size. */
  let baseline: { height: number; size: number } | undefined;

  function endLine(): void {
    lines.push(line.trimEnd());
    line = "";
    baseline = undefined;
  }

  for (const item of items) {
    if (!isTextRun(item)) continue;
    const [, , c = 0, d = 0, , height = 0] = item.transform;
    const size = Math.hypot(c, d);
    if (item.str.trim() !== "") {
      const isOffLine =
        baseline && Math.abs(height - baseline.height) > maxRise * Math.max(size, baseline.size);
      if (isOffLine && line.trim() !== "") endLine();
      if (!baseline || size > baseline.size) baseline = { height, size };
    }
    const isGap = item.str.trim() === "" && item.width > minColumnGap * size && line.trim() !== "";
    line += isGap ? "\t" : item.str;
    if (item.hasEOL) endLine();
  }
  endLine();
  return lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function isTextRun(item: unknown): item is TextRun {
  return typeof item === "object" && item !== null && "str" in item && "transform" in item;
}
