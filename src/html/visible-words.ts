/** The visible words of HTML that may end anywhere, for rows of lists. Same visibility rules as for reading. */
import { type AnyNode, isTag, isText } from "domhandler";
import { parseDocument } from "htmlparser2";
import { blockElements } from "./elements.ts";
import { isHidden } from "./hidden-elements.ts";
import { invisibleCharacters } from "./invisible-characters.ts";
import { limitNesting } from "./nesting.ts";
import { createStyleResolver } from "./style-resolver.ts";
import { type InheritedContext, inheritContext, isLegible, rootContext } from "./visibility.ts";

const maxDepth = 400;

/** Returns the words on one line. Never throws. */
export function htmlToWords(html: string): string {
  const document = parseDocument(limitNesting(html), { decodeEntities: true });
  const styleOf = createStyleResolver(document.children);
  const words: string[] = [];
  function walk(nodes: readonly AnyNode[], context: InheritedContext, depth: number): void {
    for (const node of nodes) {
      if (isText(node) && isLegible(context)) words.push(node.data.replace(invisibleCharacters, ""));
      if (!isTag(node) || depth > maxDepth) continue;
      const style = styleOf(node);
      if (isHidden(node, style)) continue;
      const separator = blockElements.has(node.name) || node.name === "br" ? " " : "";
      words.push(separator);
      walk(node.children, inheritContext(node, style, context), depth + 1);
      words.push(separator);
    }
  }
  walk(document.children, rootContext, 0);
  return words.join("").replace(/\s+/g, " ").trim();
}
