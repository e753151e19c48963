/** The parts of an email in the first octets of its body (BODY[TEXT], RFC 3501 section 6.4.5). */
import type { Part } from "./part.ts";

/**
 * Finds the parts that lie whole in `text`, the first octets of the body of the email with this structure. Returns their
 * octets by part number. A part counts only if its size, as the server told it, ends at a boundary line (RFC 2046 section
 * 5.1.1); behind one that does not, nothing is taken. Never throws.
 */
export function wholePartsIn(root: Part, text: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  if (root.children.length === 0) {
    if (root.part !== "" && root.size <= text.length) found.set(root.part, text.subarray(0, root.size));
  } else if (root.type.startsWith("multipart/")) walk(root, text, 0, found);
  return found;
}

/** Takes the parts of a multipart that begins at `start`. Returns where its last part ends; undefined when in doubt. */
function walk(
  { children, parameters: { boundary } }: Part,
  text: Buffer,
  start: number,
  found: Map<string, Buffer>,
): number | undefined {
  let at: number | undefined = start;
  for (const child of children) {
    const begin: number | undefined = boundary ? contentBehind(text, boundary, at) : undefined;
    if (begin === undefined) return undefined;
    if (child.type.startsWith("multipart/")) at = walk(child, text, begin, found);
    else {
      at = begin + child.size;
      if (!isDelimiter(text, boundary ?? "", at)) return undefined;
      found.set(child.part, text.subarray(begin, at));
    }
    if (at === undefined) return undefined;
  }
  return at;
}

/** The beginning of the content behind the next boundary line and the headers of its part. */
function contentBehind(text: Buffer, boundary: string, from: number): number | undefined {
  const line = `--${boundary}`;
  let at = text.indexOf(line, from, "latin1");
  while (at >= 0 && !isBoundaryLine(text, line, at)) at = text.indexOf(line, at + 1, "latin1");
  for (let end = at < 0 ? -1 : text.indexOf("\n", at); end >= 0; end = text.indexOf("\n", end + 1)) {
    const next = text.toString("latin1", end + 1, end + 3);
    if (next.startsWith("\n")) return end + 2;
    if (next === "\r\n") return end + 3;
  }
  return undefined;
}

/** One boundary may begin with another. */
function isBoundaryLine(text: Buffer, line: string, at: number): boolean {
  const isFirst = at === 0 || text.toString("latin1", at - 1, at) === "\n";
  return isFirst && /^[ \t\r\n]/.test(text.toString("latin1", at + line.length, at + line.length + 1));
}

/** True where a line break and a boundary line follow, or the one that closes the multipart. */
function isDelimiter(text: Buffer, boundary: string, at: number): boolean {
  const following = text.toString("latin1", at, at + boundary.length + 6);
  const [, line = ""] = /^\r?\n(--.*)/s.exec(following) ?? [];
  return line.startsWith(`--${boundary}`) && /^(--|[ \t\r\n]|$)/.test(line.slice(boundary.length + 2));
}
