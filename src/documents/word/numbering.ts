/** The numbers before paragraphs of a DOCX file (ECMA-376 part 1, section 17.9), which its text does not hold. */
import { type Count, showCount, toMark } from "../list-markers.ts";
import { walkXml, type Xml } from "../xml.ts";

/** `text`: "%1.%2)", where each number stands for a level's count; no text for what is only a point. */
type Level = { start: number; count: Count | "none" | "bullet"; upper: boolean; text: string };
type List = { levels: Map<number, Level>; counts: number[] };

const newLevel = (): Level => ({ start: 1, count: "decimal", upper: false, text: "" });

export type WordLists = {
  /** Counts a paragraph of a list; undefined when it is in none. */
  next(numberId: string, level: number): { label: string; mark: string } | undefined;
};

export function readWordLists(numberingXml: Xml): WordLists {
  const lists = new Map<string, List>();
  /** Several may go on with the same counts, unless they begin anew. */
  const numbers = new Map<string, { list: string; restarts: Map<number, number> }>();
  let list: List | undefined;
  let level: Level = newLevel();
  let number: { list: string; restarts: Map<number, number> } | undefined;
  let overridden = 0;

  walkXml(numberingXml, {
    open(name, { val = "", abstractNumId = "", numId = "", ilvl = "" }) {
      if (name === "abstractNum") {
        list = { levels: new Map(), counts: [] };
        lists.set(abstractNumId, list);
      } else if (name === "num") {
        number = { list: "", restarts: new Map() };
        numbers.set(numId, number);
      } else if (name === "abstractNumId" && number) number.list = val;
      else if (name === "lvlOverride") overridden = Number(ilvl) || 0;
      else if (name === "startOverride") number?.restarts.set(overridden, Number(val) || 0);
      else if (name === "lvl") {
        level = newLevel();
        if (!number) list?.levels.set(Number(ilvl) || 0, level);
      } else if (name === "start") level.start = Number(val) || 0;
      else if (name === "lvlText") level.text = val;
      else if (name === "numFmt") {
        level.upper = /^upper/.test(val);
        level.count =
          val === "bullet" || val === "none"
            ? val
            : /letter/i.test(val)
              ? "letter"
              : /roman/i.test(val)
                ? "roman"
                : "decimal";
      }
    },
    close(name) {
      if (name === "num") number = undefined;
    },
  });

  function labelOf({ levels, counts }: List, level: number): string {
    return (levels.get(level)?.text ?? "").replace(/%(\d)/g, (_, digit) => {
      const at = Number(digit) - 1;
      const { count, upper, start } = levels.get(at) ?? newLevel();
      if (count === "none" || count === "bullet") return "";
      const shown = showCount(counts[at] ?? start, count);
      return upper ? shown.toUpperCase() : shown;
    });
  }

  return {
    next(numberId, at) {
      const used = numbers.get(numberId);
      const found = used && lists.get(used.list);
      if (!used || !found) return undefined;
      const restart = used.restarts.get(at);
      used.restarts.delete(at);
      const before = found.counts[at];
      const { start = 1, count = "bullet" } = found.levels.get(at) ?? {};
      found.counts[at] = restart ?? (before === undefined ? start : before + 1);
      found.counts.length = at + 1;
      const label = count === "bullet" ? "" : labelOf(found, at).trim();
      return { label, mark: count === "none" && label === "" ? "" : toMark(at, label) };
    },
  };
}
