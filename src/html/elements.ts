/** HTML elements by the kind of box that they make. */
import type { Element } from "domhandler";
import type { Style } from "./style-resolver.ts";

/** Elements that are blocks unless CSS says otherwise (HTML section 15.3). */
export const blockElements: ReadonlySet<string> = new Set(
  "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol optgroup option p pre section summary table tbody td tfoot th thead tr ul caption".split(
    " ",
  ),
);

/** Blocks with an empty line before and after them. */
export const separatedBlocks: ReadonlySet<string> = new Set(
  "p h1 h2 h3 h4 h5 h6 ul ol dl blockquote pre table figure hr".split(" "),
);

/** Inline elements that are boxes with a size of their own. */
const atomicElements: ReadonlySet<string> = new Set(
  "img svg button input select textarea object video canvas iframe meter progress marquee".split(" "),
);

/** Floats and absolutely positioned boxes (CSS 2.1 section 9.3.1). */
export const isOutOfFlow = (style: Style) =>
  /absolute|fixed/.test(style.get("position") ?? "") || /left|right/.test(style.get("float") ?? "");

/** An inline box has no size, clips nothing and is not transformed (CSS 2.1 section 11.1.1, CSS Transforms level 1). */
export function isInlineBox(name: string, style: Style, isFlexItem: boolean): boolean {
  if (isOutOfFlow(style) || isFlexItem) return false;
  const display = style.get("display");
  if (display !== undefined) return display === "inline" || display === "contents";
  return !blockElements.has(name) && !atomicElements.has(name);
}

/** True for a line break, and for a block in the flow, which ends the line before it. */
export function endsLine({ name }: Element, style: Style): boolean {
  if (name === "br") return true;
  const display = style.get("display") ?? (blockElements.has(name) ? "block" : "inline");
  return !isOutOfFlow(style) && !/^(inline|contents)/.test(display);
}
