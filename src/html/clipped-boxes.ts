/** Boxes that clip their overflow and leave no room for a character. */
import { type ChildNode, type Element, isTag, isText } from "domhandler";
import { toPixels } from "./css-lengths.ts";
import { isInlineBox, isOutOfFlow, separatedBlocks } from "./elements.ts";
import type { Style } from "./style-resolver.ts";
import type { InheritedContext } from "./visibility.ts";

export const clipsOverflow = (style: Style) => /hidden|clip|auto|scroll/.test(style.get("overflow") ?? "");

/** A box this small shows no character. */
const maxHiddenBoxPx = 5;

/** True for a box that clips its overflow and has no room for a character, or moves its text out of itself. */
export function isWithoutRoom(
  element: Element,
  style: Style,
  outer: InheritedContext,
  styleOf: (element: Element) => Style,
): boolean {
  // The boxes of tables grow with their content.
  const isTablePart = /^(table|thead|tbody|tfoot|tr|td|th|caption)$/.test(element.name);
  const width = innerSize(style, isTablePart ? ["max-width"] : ["width", "max-width"], "right");
  // Outside of quirks mode a percentage of a height that is not set is no limit (CSS 2.1 section 10.5).
  const isLimit = (value: string) => outer.isQuirks || !value.endsWith("%");
  const heights = ["height", "max-height"].filter((name) => isLimit(style.get(name) ?? ""));
  const height = isTablePart ? undefined : innerSize(style, heights, "bottom");
  const minWidth = toPixels(style.get("min-width")) ?? 0;
  const minHeight = toPixels(style.get("min-height")) ?? 0;
  if (width !== undefined && Math.max(width, minWidth) <= maxHiddenBoxPx) return true;
  if (height !== undefined && Math.max(height, minHeight) <= maxHiddenBoxPx) return true;
  if (height !== undefined && startsBelow(element, Math.max(height, minHeight), styleOf)) return true;
  return movesTextOut(style, outer, height);
}

/** The room for text along one axis: the smallest of the sizes that are set, and the padding behind it. */
function innerSize(style: Style, names: readonly string[], side: "right" | "bottom"): number | undefined {
  const sizes = names.map((name) => toPixels(style.get(name))).filter((size) => size !== undefined);
  return sizes.length === 0 ? undefined : Math.min(...sizes) + (toPixels(style.get(`padding-${side}`)) ?? 0);
}

/** An indent as wide as the box, or lines so tall that their middle is below it. */
function movesTextOut(style: Style, outer: InheritedContext, height: number | undefined): boolean {
  const indent = toPixels(style.get("text-indent")) ?? 0;
  const width = toPixels(style.get("width")) ?? 1024;
  if (/nowrap|pre$/.test(style.get("white-space") ?? "") && indent >= width) return true;
  const value = style.get("line-height");
  if (height === undefined || value === undefined) return false;
  const factor = /^[\d.]+$/.test(value) ? Number(value) : undefined;
  const line = factor === undefined ? toPixels(value, outer.fontSizePx) : factor * outer.fontSizePx;
  return line !== undefined && (line - outer.fontSizePx) / 2 >= height;
}

/** A taller box is not worth looking for what stands in it. */
const maxMeasuredPx = 100;
const maxExaminedNodes = 30;
/** The least height of a line that can be recognized. */
const minLinePx = 5;
const linePx = 18;
const paragraphMarginPx = 16;

/** True when margins, line breaks and empty boxes before the first words of a box move them below its end. */
function startsBelow(element: Element, heightPx: number, styleOf: (element: Element) => Style): boolean {
  if (heightPx > maxMeasuredPx) return false;
  let offset = 0;
  let node: ChildNode | null = element.firstChild;
  for (let examined = 0; node && examined < maxExaminedNodes; examined += 1) {
    if (isText(node) && node.data.trim() !== "") break;
    if (isTag(node)) {
      const style = styleOf(node);
      if (isOutOfFlow(style) || style.get("display") === "none") return false;
      offset += spaceBefore(node, style);
      const first = node.firstChild;
      if (first) {
        node = first;
        continue;
      }
      offset += spaceInside(node, style);
    }
    while (node && !node.next && node.parent !== element) node = node.parent as ChildNode | null;
    node = node?.next ?? null;
  }
  return offset + minLinePx > heightPx;
}

function spaceBefore({ name }: Element, style: Style): number {
  if (isInlineBox(name, style, false)) return 0;
  const byDefault = separatedBlocks.has(name) && name !== "table" ? paragraphMarginPx : 0;
  return toPixels(style.get("margin-top")) ?? byDefault;
}

/** The height of an element without content. */
function spaceInside({ name, attribs }: Element, style: Style): number {
  if (name === "br") return linePx;
  if (isInlineBox(name, style, false)) return 0;
  return toPixels(style.get("height") ?? (name === "img" ? attribs.height : undefined)) ?? 0;
}
