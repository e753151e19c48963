/** What the styles of an ODT, ODS or ODP file make of its contents (ISO/IEC 26300 part 3, sections 16 and 17). */
import type { Count } from "../list-markers.ts";
import { walkXml, type Xml } from "../xml.ts";

/** The name under which the numbers of headings are kept. */
export const outline = "";

/** `levels`: how many numbers stand before an item. */
export type OpenLevel = {
  count: Count | "none";
  upper: boolean;
  before: string;
  after: string;
  levels: number;
  start: number;
};

export type OpenStyles = {
  /** Names of styles whose text, sheet or slide is not shown. */
  hidden: Set<string>;
  /** Levels that are counted, from one, by the list style's name. */
  lists: Map<string, Map<number, OpenLevel>>;
};

const formats: Readonly<Record<string, Count>> = {
  "1": "decimal",
  a: "letter",
  A: "letter",
  i: "roman",
  I: "roman",
};

/** Of both parts that hold styles. */
export function readOpenStyles(parts: readonly Xml[]): OpenStyles {
  const styles: OpenStyles = { hidden: new Set(), lists: new Map() };
  for (const xml of parts) {
    let style = "";
    let list = new Map<number, OpenLevel>();
    let over = false;
    walkXml(xml, {
      isDone: () => over,
      open(name, attributes) {
        const { display = "", visibility = "", level = "" } = attributes;
        if (name === "body") over = true;
        if (over) return;
        if (name === "style") style = attributes.name ?? "";
        else if (name === "list-style") {
          list = new Map();
          styles.lists.set(attributes.name ?? "", list);
        } else if (name === "outline-style") {
          list = new Map();
          styles.lists.set(outline, list);
        } else if (name === "list-level-style-number" || name === "outline-level-style") {
          const format = attributes["num-format"] ?? "";
          list.set(Number(level), {
            count: formats[format] ?? "none",
            upper: format === "A" || format === "I",
            before: attributes["num-prefix"] ?? "",
            after: attributes["num-suffix"] ?? "",
            levels: Number(attributes["display-levels"]) || 1,
            start: Number(attributes["start-value"] ?? 1),
          });
        } else if (
          (name === "text-properties" && display === "none") ||
          (name === "table-properties" && display === "false") ||
          (name === "drawing-page-properties" && visibility === "hidden")
        )
          styles.hidden.add(style);
      },
    });
  }
  return styles;
}
