/** The visible words of HTML that may end anywhere, for rows of lists. Same visibility rules as for reading. */
import { type AnyNode, isTag, isText } from "domhandler";
import { blockElements, endsLine } from "./elements.ts";
import { hasNoBox, isHidden } from "./hidden-elements.ts";
import { invisibleCharacters } from "./invisible-characters.ts";
import { parseHtml } from "./parse.ts";
import { createStyleResolver } from "./style-resolver.ts";
import { endFirstLine, type InheritedContext, inheritContext, isLegible, rootContext } from "./visibility.ts";

/** Deeper than the parser nests open elements. */
const maxDepth = 600;

/** Returns the words on one line. Never throws. */
export function htmlToWords(html: string): string {
  const parsed = parseHtml(html);
  const styleOf = createStyleResolver(parsed);
  const words: string[] = [];
  function walk(nodes: readonly AnyNode[], context: InheritedContext, depth: number): void {
    for (const node of nodes) {
      if (isText(node) && isLegible(context)) words.push(node.data.replace(invisibleCharacters, ""));
      if (!isTag(node) || depth > maxDepth) continue;
      const style = styleOf(node);
      if (isHidden(node, style, context, styleOf)) {
        if (!hasNoBox(node, style) && endsLine(node, style)) words.push(" ");
        continue;
      }
      const separator = blockElements.has(node.name) || node.name === "br" ? " " : "";
      words.push(separator);
      walk(node.children, inheritContext(node, style, context), depth + 1);
      words.push(separator);
      if (endsLine(node, style)) endFirstLine(context);
    }
  }
  walk(parsed.document.children, rootContext(parsed.isQuirks), 0);
  return words.join("").replace(/\s+/g, " ").trim();
}
