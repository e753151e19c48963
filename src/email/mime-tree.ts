/** Parses the parts of an email from its bytes (RFC 2045, RFC 2046), for email that no mail server parses. */
import type { MessageStructureObject } from "imapflow";
import libmime from "libmime";
import { type Header, headerValue, parseHeaders } from "./headers.ts";
import { isAttachedEmail, type Part, toPart } from "./part.ts";
import { decodePartContent } from "./part-content.ts";

export type MimeTree = {
  root: Part;
  /** The decoded octets of a part; of plain text without the files inside it. */
  content(part: Part): Buffer | undefined;
  /** The octets of a part as they are encoded in the email. */
  encoded(part: Part): Buffer | undefined;
  /** Parts are missing: nested too deeply, or too many. */
  isCut: boolean;
};

const maxDepth = 20;
const maxParts = 1_000;

/** Octets of an attached email in which its subject is looked for. */
const maxAttachedHeader = 65_536;

type ParsedNode = MessageStructureObject & { body: string; childNodes: ParsedNode[] };

/** Parses an email, which may be cut anywhere. Attached emails are not parsed. Never throws. */
export function parseMimeTree(bytes: Uint8Array): MimeTree {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const budget = newBudget();
  return toTree(toNode(source, 0, budget), budget);
}

/** Parses the body of a multipart email whose headers do not give the boundary. */
export function parseMultipartBody(bytes: Uint8Array, boundary: string): MimeTree {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const budget = newBudget();
  const childNodes = splitAtBoundary(body, boundary)
    .slice(0, maxParts)
    .map((piece) => toNode(piece, 1, budget));
  const root = { type: "multipart/mixed", parameters: { boundary }, size: body.length, body, childNodes };
  return toTree(root, budget);
}

/** Parts that may still be parsed. */
type Budget = { left: number; isExceeded: boolean };

const newBudget = (): Budget => ({ left: maxParts, isExceeded: false });

function toTree(node: ParsedNode, { isExceeded }: Budget): MimeTree {
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
      const octets = encoded(part);
      return octets && decodePartContent(part, octets);
    },
    encoded,
    isCut: isExceeded,
  };

  function encoded(part: Part): Buffer | undefined {
    const body = bodies.get(part.part);
    return body === undefined ? undefined : Buffer.from(body, "latin1");
  }
}

function toNode(source: string, depth: number, budget: Budget): ParsedNode {
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
  const pieces = type.startsWith("multipart/") && boundary ? splitAtBoundary(body, boundary) : [];
  const childNodes: ParsedNode[] = [];
  for (const piece of pieces)
    if (budget.left > 0 && depth < maxDepth) childNodes.push(toNode(piece, depth + 1, budget));
    else budget.isExceeded = true;
  return {
    type,
    parameters: contentType.params,
    disposition: disposition.value.toLowerCase() || undefined,
    dispositionParameters: disposition.params,
    encoding: encoding?.trim().toLowerCase() || undefined,
    id: headerValue(headers, "content-id"),
    size: body.length,
    envelope: isAttachedEmail({ type })
      ? {
          subject: headerValue(
            parseHeaders(Buffer.from(body.slice(0, maxAttachedHeader), "latin1")),
            "subject",
          ),
        }
      : undefined,
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
