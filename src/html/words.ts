/** The words a person sees of a piece of HTML, cut anywhere: for lists, by the same rules as for reading. Never throws. */
import type { AnyNode } from "domhandler";
import { isTag, isText } from "domhandler";
import { parseDocument } from "htmlparser2";
import { createStyles } from "./css.ts";
import { flatten } from "./depth.ts";
import { blocks, padding } from "./markdown.ts";
import { into, isRemoved, isSeen, page, type Surroundings } from "./visible.ts";

const maxDepth = 400;

/** On one line. */
export function htmlToWords(html: string): string {
  const document = parseDocument(flatten(html), { decodeEntities: true });
  const styleOf = createStyles(document.children);
  const words: string[] = [];
  function walk(nodes: readonly AnyNode[], around: Surroundings, depth: number): void {
    for (const node of nodes) {
      if (isText(node)) words.push(isSeen(around) ? node.data.replace(padding, "") : "");
      if (!isTag(node) || depth > maxDepth) continue;
      const style = styleOf(node);
      if (isRemoved(node, style)) continue;
      const apart = blocks.has(node.name) || node.name === "br" ? " " : "";
      words.push(apart);
      walk(node.children, into(node, style, around), depth + 1);
      words.push(apart);
    }
  }
  walk(document.children, page, 0);
  return words.join("").replace(/\s+/g, " ").trim();
}
