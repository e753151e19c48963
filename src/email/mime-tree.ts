/** The parts of an email out of its bytes (RFC 2045, RFC 2046), where no mail server takes it apart. Never throws. */
import type { MessageStructureObject } from "imapflow";
import libmime from "libmime";
import { type Header, headerValue, parseHeaders } from "./headers.ts";
import { type Part, toPart } from "./part.ts";
import { decodeTransfer } from "./transfer-encoding.ts";

export type MimeTree = { root: Part; content(part: Part): Buffer | undefined };

const maxDepth = 10;
const maxParts = 200;

type Node = MessageStructureObject & { body: string; childNodes: Node[] };

/** `bytes` may end anywhere. What is in an attached email is left whole. */
export function toMimeTree(bytes: Uint8Array): MimeTree {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const node = toNode(source, 0, { left: maxParts });
  const root = toPart(node);
  const bodies = new Map<string, string>();
  const pair = (part: Part, { body, childNodes }: Node): void => {
    bodies.set(part.part, body);
    part.children.forEach((child, at) => {
      const its = childNodes[at];
      if (its) pair(child, its);
    });
  };
  pair(root, node);
  return {
    root,
    content(part) {
      const body = bodies.get(part.part);
      return body === undefined ? undefined : decodeTransfer(Buffer.from(body, "latin1"), part.encoding);
    },
  };
}

function toNode(source: string, depth: number, budget: { left: number }): Node {
  budget.left -= 1;
  // A part may have no headers at all: then it begins with the empty line.
  const gap = /^\r?\n|\r?\n\r?\n/.exec(source);
  const headers = parseHeaders(Buffer.from(source.slice(0, gap?.index), "latin1"));
  const body = gap ? source.slice(gap.index + gap[0].length) : "";
  const contentType = parameters(headers, "content-type");
  const disposition = parameters(headers, "content-disposition");
  const encoding = headerValue(headers, "content-transfer-encoding");
  const type = contentType.value.toLowerCase() || "text/plain";
  const boundary = contentType.params.boundary;
  const pieces = type.startsWith("multipart/") && boundary && depth < maxDepth ? split(body, boundary) : [];
  const childNodes: Node[] = [];
  for (const piece of pieces) if (budget.left > 0) childNodes.push(toNode(piece, depth + 1, budget));
  return {
    type,
    parameters: contentType.params,
    ...(disposition.value ? { disposition: disposition.value.toLowerCase() } : {}),
    dispositionParameters: disposition.params,
    ...(encoding ? { encoding: encoding.trim().toLowerCase() } : {}),
    size: body.length,
    body,
    childNodes,
  };
}

function parameters(headers: readonly Header[], name: string) {
  const { value, params } = libmime.parseHeaderValue(headerValue(headers, name) ?? "");
  return { value: String(value ?? ""), params: { ...params } };
}

/** What stands between the lines of the boundary; the last may lack its own. */
function split(body: string, boundary: string): string[] {
  const pieces: string[] = [];
  const line = `--${boundary}`;
  let start = -1;
  for (let at = body.indexOf(line); at >= 0; at = body.indexOf(line, at + line.length)) {
    if (at > 0 && body[at - 1] !== "\n") continue;
    const [, last, end] =
      /^(--)?[ \t]*(\r?\n|$)/.exec(body.slice(at + line.length, at + line.length + 80)) ?? [];
    if (end === undefined) continue;
    if (start >= 0) pieces.push(body.slice(start, at).replace(/\r?\n$/, ""));
    if (last) return pieces;
    start = body.indexOf("\n", at) + 1 || body.length;
  }
  return start >= 0 ? [...pieces, body.slice(start)] : pieces;
}
