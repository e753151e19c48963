/** Keeps HTML shallow enough to be parsed: parsers keep a stack of open elements and take its square in time. */

/** Deeper than any email, also one with thousands of elements left open. */
const maxDepth = 3_000;

/** Elements that are never open, or that the next of their kind closes. */
const unstacked = new Set(
  "area base br col embed hr img input link meta param source track wbr p li dt dd tr td th thead tbody tfoot option optgroup".split(
    " ",
  ),
);

/**
 * The same HTML without the tags, opening and closing, of what is nested deeper than 3,000 elements; its text stays.
 * Takes time in proportion to the length. Where tags stand in comments or scripts it may count too many: nobody's
 * email comes near the limit.
 */
export function flatten(html: string): string {
  let depth = 0;
  let dropped = 0;
  return html.replace(/<(\/?)([a-z][^\s/>]*)[^>]*>?/gi, (tag, slash: string, name: string) => {
    if (unstacked.has(name.toLowerCase()) || tag.endsWith("/>")) return depth >= maxDepth ? "" : tag;
    if (slash === "") {
      if (depth >= maxDepth) {
        dropped += 1;
        return "";
      }
      depth += 1;
      return tag;
    }
    if (dropped > 0) {
      dropped -= 1;
      return "";
    }
    depth = Math.max(0, depth - 1);
    return tag;
  });
}
