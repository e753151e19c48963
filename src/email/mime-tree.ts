/** Parses the parts of an email from its bytes (RFC 2045, RFC 2046), for email that no mail server parses. */
import type { MessageStructureObject } from "imapflow";
import libmime from "libmime";
import { type Header, headerValue, parseHeaders } from "./headers.ts";
import { type Part, toPart } from "./part.ts";
import { decodePartContent } from "./part-content.ts";

export type MimeTree = { root: Part; content(part: Part): Buffer | undefined };

const maxDepth = 10;
const maxParts = 200;

type ParsedNode = MessageStructureObject & { body: string; childNodes: ParsedNode[] };

/** Parses an email, which may be cut anywhere. Attached emails are not parsed. Never throws. */
export function parseMimeTree(bytes: Uint8Array): MimeTree {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return toTree(toNode(source, 0, { left: maxParts }));
}

/** Parses the body of a multipart email whose headers do not give the boundary. */
export function parseMultipartBody(bytes: Uint8Array, boundary: string): MimeTree {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const budget = { left: maxParts };
  const childNodes = splitAtBoundary(body, boundary)
    .slice(0, maxParts)
    .map((piece) => toNode(piece, 1, budget));
  return toTree({ type: "multipart/mixed", parameters: { boundary }, size: body.length, body, childNodes });
}

function toTree(node: ParsedNode): MimeTree {
  const root = toPart(node);
  const bodies = new Map<string, string>();
  const pair = (part: Part, { body, childNodes }: ParsedNode): void => {
    bodies.set(part.part, body);
    part.children.forEach((child, at) => {
      const node = childNodes[at];
      if (node) pair(child, node);
    });
  };
  pair(root, node);
  return {
    root,
    content(part) {
      const body = bodies.get(part.part);
      return body === undefined ? undefined : decodePartContent(part, Buffer.from(body, "latin1"));
    },
  };
}

function toNode(source: string, depth: number, budget: { left: number }): ParsedNode {
  budget.left -= 1;
  // A part without headers begins with the empty line.
  const gap = /^\r?\n|\r?\n\r?\n/.exec(source);
  const headers = parseHeaders(Buffer.from(source.slice(0, gap?.index), "latin1"));
  const body = gap ? source.slice(gap.index + gap[0].length) : "";
  const contentType = parseParameters(headers, "content-type");
  const disposition = parseParameters(headers, "content-disposition");
  const encoding = headerValue(headers, "content-transfer-encoding");
  const type = contentType.value.toLowerCase() || "text/plain";
  const boundary = contentType.params.boundary;
  const pieces =
    type.startsWith("multipart/") && boundary && depth < maxDepth ? splitAtBoundary(body, boundary) : [];
  const childNodes: ParsedNode[] = [];
  for (const piece of pieces) if (budget.left > 0) childNodes.push(toNode(piece, depth + 1, budget));
  return {
    type,
    parameters: contentType.params,
    disposition: disposition.value.toLowerCase() || undefined,
    dispositionParameters: disposition.params,
    encoding: encoding?.trim().toLowerCase() || undefined,
    size: body.length,
    body,
    childNodes,
  };
}

function parseParameters(headers: readonly Header[], name: string) {
  const { value, params } = libmime.parseHeaderValue(headerValue(headers, name) ?? "");
  return { value: String(value ?? ""), params: { ...params } };
}

/** Splits a multipart body at its boundary lines; the closing one may be missing. */
function splitAtBoundary(body: string, boundary: string): string[] {
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
