/** Counts the items of lists in an ODT file, whose numbers its text does not hold. */
import { showCount, toMark } from "../list-markers.ts";
import { type OpenStyles, outline } from "./styles.ts";

export function createOpenLists({ lists }: OpenStyles) {
  /** By style; what goes on after other text goes on counting. */
  const counted = new Map<string, number[]>();
  const open: { style: string; fresh: boolean; start: number | undefined }[] = [];

  function count(style: string, level: number, from?: number): string {
    const counts = counted.get(style) ?? [];
    counted.set(style, counts);
    const levels = lists.get(style);
    const own = levels?.get(level);
    const before = counts[level];
    counts[level] = from ?? (before === undefined ? (own?.start ?? 1) : before + 1);
    counts.length = level + 1;
    if (!own || own.count === "none") return "";
    const numbers: string[] = [];
    for (let at = Math.max(1, level - own.levels + 1); at <= level; at += 1) {
      const { count: kind = "none", upper = false, start = 1 } = levels?.get(at) ?? {};
      if (kind === "none") continue;
      const shown = showCount(counts[at] ?? start, kind);
      numbers.push(upper ? shown.toUpperCase() : shown);
    }
    return `${own.before}${numbers.join(".")}${own.after}`.trim();
  }

  return {
    open(style: string | undefined, goesOn: boolean): void {
      const name = style ?? open.at(-1)?.style ?? "none";
      if (open.length === 0 && !goesOn) counted.delete(name);
      open.push({ style: name, fresh: false, start: undefined });
    },
    item(start: number | undefined): void {
      Object.assign(open.at(-1) ?? {}, { fresh: true, start });
    },
    close: () => void open.pop(),
    /** Before the next paragraph: its mark when it begins an item. */
    mark(): { label: string; mark: string } | undefined {
      const list = open.at(-1);
      if (!list?.fresh) return undefined;
      list.fresh = false;
      const label = count(list.style, open.length, list.start);
      return { label, mark: toMark(open.length - 1, label) };
    },
    /** The number of a heading that is in no list; empty for none. */
    heading: (level: number) => (lists.has(outline) ? count(outline, level) : ""),
  };
}
