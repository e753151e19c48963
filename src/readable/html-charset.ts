/** The charset that an HTML document declares for itself (HTML section 13.2.3.2). */

const headBytes = 2048;

/** Reads `<meta charset=…>` or `<meta http-equiv=Content-Type content="…; charset=…">` from the beginning. */
export function charsetInHtml(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, headBytes).toString("latin1").toLowerCase();
  for (let at = head.indexOf("<meta"); at >= 0; at = head.indexOf("<meta", at + 1)) {
    const end = head.indexOf(">", at);
    const tag = head.slice(at, end < 0 ? head.length : end);
    const value = tag.slice(tag.indexOf("charset") + "charset".length).trimStart();
    if (!tag.includes("charset") || !value.startsWith("=")) continue;
    const name = /^["']?([\w-]+)/.exec(value.slice(1).trimStart())?.[1];
    if (name) return name;
  }
  return undefined;
}
