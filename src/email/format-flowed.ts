/** Text in format=flowed (RFC 3676), whose paragraphs are wrapped for transfer. */

/**
 * Joins flowed lines to paragraphs. Quote depth, space stuffing and the signature separator follow RFC 3676 section 4.
 *
 * @param deleteSpace DelSp=yes: the space before a soft line break is not part of the text
 */
export function joinFlowed(text: string, deleteSpace: boolean): string {
  const joined: { depth: number; text: string; isOpen: boolean }[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const depth = /^>*/.exec(line)?.[0].length ?? 0;
    const content = line.slice(depth).replace(/^ /, "");
    const isSignature = content === "-- ";
    const flows = content.endsWith(" ") && !isSignature;
    const kept = flows && deleteSpace ? content.slice(0, -1) : content;
    const last = joined.at(-1);
    if (last?.isOpen && last.depth === depth && !isSignature) {
      last.text += kept;
      last.isOpen = flows;
    } else joined.push({ depth, text: kept, isOpen: flows });
  }
  return joined
    .map(({ depth, text: content }) => {
      const prefix = depth > 0 ? `${">".repeat(depth)} ` : "";
      return content === "-- " ? `${prefix}-- ` : `${prefix}${content}`.trimEnd();
    })
    .join("\n");
}
