/** Hidden styles and list styles of an ODT, ODS or ODP file (OpenDocument 1.3 part 3, sections 16 and 17). */
import type { NumberStyle } from "../list-markers.ts";
import { walkXml, type Xml, type XmlAttributes } from "../xml.ts";

/** The key of the numbering of headings among the list styles. */
export const outlineStyle = "";

type OdfListLevel = {
  style: NumberStyle | "none";
  isUpperCase: boolean;
  prefix: string;
  suffix: string;
  /** The number of levels in the label: 2 for "1.2". */
  shownLevels: number;
  start: number;
};

export type OdfStyles = {
  /** Names of the styles that hide their text, sheet or slide. */
  hidden: Set<string>;
  /** By the name of the list style: its numbered levels, from 1. */
  lists: Map<string, Map<number, OdfListLevel>>;
};

const numberStyles = new Map<string, NumberStyle>([
  ["1", "decimal"],
  ["a", "letter"],
  ["A", "letter"],
  ["i", "roman"],
  ["I", "roman"],
]);

/** Reads the styles of all parts, each up to its body. */
export function readOdfStyles(parts: readonly Xml[]): OdfStyles {
  const styles: OdfStyles = { hidden: new Set(), lists: new Map() };
  for (const xml of parts) addStyles(styles, xml);
  return styles;
}

function addStyles({ hidden, lists }: OdfStyles, xml: Xml): void {
  let style = "";
  let list = new Map<number, OdfListLevel>();
  let isInBody = false;
  const beginList = (name: string) => {
    list = new Map();
    lists.set(name, list);
  };
  walkXml(xml, {
    isDone: () => isInBody,
    open(name, attributes) {
      if (name === "body") isInBody = true;
      if (isInBody) return;
      if (name === "style") style = attributes.name ?? "";
      else if (name === "list-style") beginList(attributes.name ?? "");
      else if (name === "outline-style") beginList(outlineStyle);
      else if (name === "list-level-style-number" || name === "outline-level-style")
        list.set(Number(attributes.level ?? ""), toListLevel(attributes));
      else if (isHiding(name, attributes)) hidden.add(style);
    },
  });
}

function toListLevel(attributes: XmlAttributes): OdfListLevel {
  const format = attributes["num-format"] ?? "";
  return {
    style: numberStyles.get(format) ?? "none",
    isUpperCase: format === "A" || format === "I",
    prefix: attributes["num-prefix"] ?? "",
    suffix: attributes["num-suffix"] ?? "",
    shownLevels: Number(attributes["display-levels"]) || 1,
    start: Number(attributes["start-value"] ?? 1),
  };
}

const isHiding = (name: string, { display, visibility }: XmlAttributes) =>
  (name === "text-properties" && display === "none") ||
  (name === "table-properties" && display === "false") ||
  (name === "drawing-page-properties" && visibility === "hidden");
