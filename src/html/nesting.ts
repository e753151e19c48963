/** A limit on the nesting of HTML and XML before it is parsed: parsers keep a stack of open elements. */

/** Deeper than any real email, also one that leaves thousands of elements open. */
const maxNesting = 3_000;

/** Elements that are never left open, or that the next of their kind closes. */
const unstacked: ReadonlySet<string> = new Set(
  "area base br col embed hr img input link meta param source track wbr p li dt dd tr td th thead tbody tfoot option optgroup".split(
    " ",
  ),
);

/**
 * Removes the tags that nest deeper than 3,000 elements and keeps their text. Linear. May count tags inside comments
 * and scripts, too: no real email comes near the limit.
 */
export function limitNesting(markup: string): string {
  let depth = 0;
  let dropped = 0;
  return markup.replace(/<(\/?)([a-z][^\s/>]*)[^>]*>?/gi, (tag, slash: string, name: string) => {
    if (unstacked.has(name.toLowerCase()) || tag.endsWith("/>")) return depth >= maxNesting ? "" : tag;
    if (slash === "") {
      if (depth >= maxNesting) {
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
