/** The source of an HTML email without scripts, styles, comments, event handlers and hidden parts. */
import { type AnyNode, type Element, isTag, isText } from "domhandler";
import { isHidden, isTrackingPixel } from "./hidden-elements.ts";
import { parseHtml } from "./parse.ts";
import { createStyleResolver } from "./style-resolver.ts";
import { type InheritedContext, inheritContext, rootContext } from "./visibility.ts";

const keptAttributes: ReadonlySet<string> = new Set([
  "href",
  "src",
  "alt",
  "title",
  "colspan",
  "rowspan",
  "start",
  "type",
  "value",
  "dir",
  "lang",
]);
const voidElements: ReadonlySet<string> = new Set(["br", "hr", "img", "input", "wbr", "col"]);
const unwrappedElements: ReadonlySet<string> = new Set(["html", "body"]);
const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** Deeper than the parser nests open elements. */
const maxDepth = 600;

/** Escapes text for HTML content and double-quoted attributes. */
export const escapeMarkup = (text: string) =>
  text.replace(/[&<>"]/g, (character) => entities[character] ?? character);

/** Elements with their text and their meaningful attributes; targets that run scripts are dropped. */
export function toHtmlSource(html: string): string {
  const parsed = parseHtml(html);
  const styleOf = createStyleResolver(parsed);
  const pieces: string[] = [];

  function write(node: AnyNode, outer: InheritedContext, depth: number): void {
    if (isText(node)) pieces.push(escapeMarkup(node.data.replace(/[ \t\r\n]+/g, " ")));
    else if (isTag(node) && depth < maxDepth) writeElement(node, outer, depth);
  }

  function writeElement(element: Element, outer: InheritedContext, depth: number): void {
    const style = styleOf(element);
    if (
      isHidden(element, style, outer, styleOf) ||
      (element.name === "img" && isTrackingPixel(element, style))
    )
      return;
    const isWritten = /^[a-z][a-z0-9]*$/.test(element.name) && !unwrappedElements.has(element.name);
    if (isWritten) pieces.push(`<${element.name}${attributesOf(element)}>`);
    const context = inheritContext(element, style, outer);
    for (const child of element.children) write(child, context, depth + 1);
    if (isWritten && !voidElements.has(element.name)) pieces.push(`</${element.name}>`);
  }

  for (const node of parsed.document.children) write(node, rootContext(parsed.isQuirks), 0);
  return pieces
    .join("")
    .replace(/\s+/g, (run) => (run.includes("\n") ? "\n" : run.replace(/ {2,}/g, " ")))
    .trim();
}

function attributesOf({ attribs }: Element): string {
  return Object.entries(attribs)
    .filter(([name, value]) => keptAttributes.has(name) && !/^\s*(javascript|vbscript|data):/i.test(value))
    .map(([name, value]) => ` ${name}="${escapeMarkup(value)}"`)
    .join("");
}
