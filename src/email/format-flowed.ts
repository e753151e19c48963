/** format=flowed (RFC 3676): lines that were wrapped for the wire are paragraphs again. */

/** `deleteSpace` is DelSp=yes. Quote depth, space stuffing and the signature line are kept as the RFC says. */
export function joinFlowed(text: string, deleteSpace: boolean): string {
  const joined: { depth: number; text: string; open: boolean }[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const depth = /^>*/.exec(line)?.[0].length ?? 0;
    const content = line.slice(depth).replace(/^ /, "");
    const signature = content === "-- ";
    const flows = content.endsWith(" ") && !signature;
    const kept = flows && deleteSpace ? content.slice(0, -1) : content;
    const last = joined.at(-1);
    if (last?.open && last.depth === depth && !signature) {
      last.text += kept;
      last.open = flows;
    } else joined.push({ depth, text: kept, open: flows });
  }
  return joined
    .map(({ depth, text: content }) => {
      const prefix = depth > 0 ? `${">".repeat(depth)} ` : "";
      return content === "-- " ? `${prefix}-- ` : `${prefix}${content}`.trimEnd();
    })
    .join("\n");
}
