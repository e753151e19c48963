/** The source of an HTML email for who asks for it: without scripts, styles, comments, events and hidden parts. */
import { type AnyNode, type Element, isTag, isText } from "domhandler";
import { parseDocument } from "htmlparser2";
import { createStyles } from "./css.ts";
import { flatten } from "./depth.ts";
import { isRemoved, isTrackingPixel } from "./visible.ts";

const keptAttributes = new Set([
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
const empty = new Set(["br", "hr", "img", "input", "wbr", "col"]);
const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const maxDepth = 400;

export const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => escapes[letter] ?? letter);

/** Elements and what they say, nothing that acts or only looks. Targets of scripts are dropped. */
export function toHtmlSource(html: string): string {
  const document = parseDocument(flatten(html), { decodeEntities: true });
  const styleOf = createStyles(document.children);
  const pieces: string[] = [];

  function write(node: AnyNode, depth: number): void {
    if (isText(node)) pieces.push(escaped(node.data.replace(/[ \t\r\n]+/g, " ")));
    else if (isTag(node) && depth < maxDepth) writeElement(node, depth);
  }

  function writeElement(element: Element, depth: number): void {
    const style = styleOf(element);
    if (isRemoved(element, style) || (element.name === "img" && isTrackingPixel(element, style))) return;
    if (!/^[a-z][a-z0-9]*$/.test(element.name) || element.name === "html" || element.name === "body") {
      for (const child of element.children) write(child, depth + 1);
      return;
    }
    const attributes = Object.entries(element.attribs)
      .filter(([name, value]) => keptAttributes.has(name) && !/^\s*(javascript|vbscript|data):/i.test(value))
      .map(([name, value]) => ` ${name}="${escaped(value)}"`)
      .join("");
    pieces.push(`<${element.name}${attributes}>`);
    for (const child of element.children) write(child, depth + 1);
    if (!empty.has(element.name)) pieces.push(`</${element.name}>`);
  }

  for (const node of document.children) write(node, 0);
  return pieces
    .join("")
    .replace(/\s+/g, (run) => (run.includes("\n") ? "\n" : run.replace(/ {2,}/g, " ")))
    .trim();
}
