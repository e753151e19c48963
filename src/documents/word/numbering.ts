/** Numbers of list items in a DOCX file (ECMA-376 part 1, section 17.9), which its text does not contain. */
import { formatListNumber, listMarker, type NumberStyle } from "../list-markers.ts";
import { walkXml, type Xml } from "../xml.ts";

/** `text`: a template such as "%1.%2)", in which %1 stands for the number of the first level. */
type ListLevel = {
  start: number;
  style: NumberStyle | "none" | "bullet";
  isUpperCase: boolean;
  text: string;
};

/** An abstractNum: `counts` are the numbers last used, by level. */
type AbstractList = { levels: Map<number, ListLevel>; counts: number[] };

/** A num: instances of one abstract list share its counts; `restarts` are the levels that an instance starts anew. */
type ListInstance = { abstractId: string; restarts: Map<number, number> };

const newListLevel = (): ListLevel => ({ start: 1, style: "decimal", isUpperCase: false, text: "" });

export type WordNumbering = {
  /** Counts a paragraph in its list, and returns its label and marker; undefined for an unknown list. */
  next(numberId: string, level: number): { label: string; marker: string } | undefined;
};

export function readWordNumbering(numberingXml: Xml): WordNumbering {
  const { lists, instances } = readDefinitions(numberingXml);
  return {
    next(numberId, level) {
      const instance = instances.get(numberId);
      const list = instance && lists.get(instance.abstractId);
      if (!instance || !list) return undefined;
      const restart = instance.restarts.get(level);
      instance.restarts.delete(level);
      const previous = list.counts[level];
      const { start = 1, style = "bullet" } = list.levels.get(level) ?? {};
      list.counts[level] = restart ?? (previous === undefined ? start : previous + 1);
      // Deeper levels begin anew under the next item.
      list.counts.length = level + 1;
      const label = style === "bullet" ? "" : toListLabel(list, level).trim();
      return { label, marker: style === "none" && label === "" ? "" : listMarker(level, label) };
    },
  };
}

function readDefinitions(numberingXml: Xml) {
  const lists = new Map<string, AbstractList>();
  const instances = new Map<string, ListInstance>();
  let list: AbstractList | undefined;
  let level = newListLevel();
  let instance: ListInstance | undefined;
  let overriddenLevel = 0;
  walkXml(numberingXml, {
    open(name, { val = "", abstractNumId = "", numId = "", ilvl = "" }) {
      if (name === "abstractNum") {
        list = { levels: new Map(), counts: [] };
        lists.set(abstractNumId, list);
      } else if (name === "num") {
        instance = { abstractId: "", restarts: new Map() };
        instances.set(numId, instance);
      } else if (name === "abstractNumId" && instance) instance.abstractId = val;
      else if (name === "lvlOverride") overriddenLevel = Number(ilvl) || 0;
      else if (name === "startOverride") instance?.restarts.set(overriddenLevel, Number(val) || 0);
      else if (name === "lvl") {
        level = newListLevel();
        if (!instance) list?.levels.set(Number(ilvl) || 0, level);
      } else if (name === "start") level.start = Number(val) || 0;
      else if (name === "lvlText") level.text = val;
      else if (name === "numFmt") Object.assign(level, toNumberStyle(val));
    },
    close(name) {
      if (name === "num") instance = undefined;
    },
  });
  return { lists, instances };
}

/** Reads a number format (section 17.18.59), such as "upperRoman". */
function toNumberStyle(format: string): Pick<ListLevel, "style" | "isUpperCase"> {
  const isUpperCase = format.startsWith("upper");
  if (format === "bullet" || format === "none") return { style: format, isUpperCase };
  if (/letter/i.test(format)) return { style: "letter", isUpperCase };
  return { style: /roman/i.test(format) ? "roman" : "decimal", isUpperCase };
}

function toListLabel({ levels, counts }: AbstractList, level: number): string {
  return (levels.get(level)?.text ?? "").replace(/%(\d)/g, (_, digit) => {
    const at = Number(digit) - 1;
    const { style, isUpperCase, start } = levels.get(at) ?? newListLevel();
    if (style === "none" || style === "bullet") return "";
    const number = formatListNumber(counts[at] ?? start, style);
    return isUpperCase ? number.toUpperCase() : number;
  });
}
