/** Numbers of list items and headings in an ODT file, which its text does not contain. */
import { formatListNumber, listMarker } from "../list-markers.ts";
import { type OdfStyles, outlineStyle } from "./styles.ts";

/** `isItemStart`: the next paragraph begins an item. */
type OdfList = { style: string; isItemStart: boolean; start: number | undefined };

export function createOdfLists({ lists }: OdfStyles) {
  /** The numbers last used, by list style and level: a list that is continued later goes on from them. */
  const counts = new Map<string, number[]>();
  const open: OdfList[] = [];

  /** Counts an item, from `start` when it is given, and returns its label. */
  function count(style: string, level: number, start?: number): string {
    const numbers = counts.get(style) ?? [];
    counts.set(style, numbers);
    const levels = lists.get(style);
    const definition = levels?.get(level);
    const previous = numbers[level];
    numbers[level] = start ?? (previous === undefined ? (definition?.start ?? 1) : previous + 1);
    // Deeper levels begin anew under the next item.
    numbers.length = level + 1;
    if (!definition || definition.style === "none") return "";
    const shown: string[] = [];
    for (let at = Math.max(1, level - definition.shownLevels + 1); at <= level; at += 1) {
      const { style: numberStyle = "none", isUpperCase = false, start: first = 1 } = levels?.get(at) ?? {};
      if (numberStyle === "none") continue;
      const number = formatListNumber(numbers[at] ?? first, numberStyle);
      shown.push(isUpperCase ? number.toUpperCase() : number);
    }
    return `${definition.prefix}${shown.join(".")}${definition.suffix}`.trim();
  }

  return {
    /** `isContinued`: numbering goes on from the previous list of the style. */
    beginList(style: string | undefined, isContinued: boolean): void {
      const name = style ?? open.at(-1)?.style ?? "none";
      if (open.length === 0 && !isContinued) counts.delete(name);
      open.push({ style: name, isItemStart: false, start: undefined });
    },
    beginItem(start: number | undefined): void {
      Object.assign(open.at(-1) ?? {}, { isItemStart: true, start });
    },
    endList: () => void open.pop(),
    /** Counts the paragraph that begins here; undefined when it does not begin an item. */
    nextParagraph(): { label: string; marker: string } | undefined {
      const list = open.at(-1);
      if (!list?.isItemStart) return undefined;
      list.isItemStart = false;
      const label = count(list.style, open.length, list.start);
      return { label, marker: listMarker(open.length - 1, label) };
    },
    /** Counts a heading outside of lists; the label is empty when headings are not numbered. */
    nextHeading: (level: number) => (lists.has(outlineStyle) ? count(outlineStyle, level) : ""),
  };
}
