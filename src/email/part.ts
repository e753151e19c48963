/**
 * One MIME part as BODYSTRUCTURE describes it (RFC 3501 section 7.4.2), with absent and odd values normalized. Nothing
 * is fetched here and nothing throws, whatever the sender wrote.
 */
import type { MessageEnvelopeObject, MessageStructureObject } from "imapflow";
import type { Address } from "./address.ts";
import { decodeHeaderText } from "./headers.ts";

export type Part = {
  /** The part number for FETCH, e.g. "1.2"; "" for a multipart root. */
  part: string;
  /** Lower case, e.g. text/html. */
  type: string;
  charset?: string;
  encoding?: string;
  /** Octets as encoded in the email. */
  size: number;
  name?: string;
  disposition?: "inline" | "attachment";
  /** Without angle brackets (RFC 2392). */
  contentId?: string;
  parameters: Readonly<Record<string, string>>;
  children: readonly Part[];
  /** More parts than are read stand behind the children. */
  omitsChildren?: boolean;
  /** Only for an attached email. */
  attachedHeader?: AttachedEmailHeader;
  /** Only for a file inside plain text (uuencode, yEnc): the part of the text, and the place among its files. */
  embedded?: { part: Part; position: number };
};

/** Author, date and subject of an attached email. `date`: ISO 8601 in UTC. */
export type AttachedEmailHeader = { from?: Address; date?: string; subject: string };

/** The type of a part that stands for others, of which a structure has too many. */
export const omittedPartType = "x-email-connector/omitted";

const maxDepth = 30;
/** Children of one part. */
const maxChildren = 500;

export const emptyPart: Part = { part: "", type: "text/plain", size: 0, parameters: {}, children: [] };

/**
 * Converts imapflow's tree. Part numbers are computed here (RFC 3501 section 6.4.5): the only part of an attached email
 * is `2.1`, not `2`.
 */
export function toPart(node: MessageStructureObject): Part {
  return toNumberedPart(node, isMultipartNode(node) ? "" : "1", 0);
}

const isMultipartNode = (node: MessageStructureObject) => /^multipart\//i.test(node.type ?? "");

function toChildNumber(
  node: MessageStructureObject,
  number: string,
  child: MessageStructureObject,
  index: number,
): string {
  if (isMultipartNode(node)) return number === "" ? `${index + 1}` : `${number}.${index + 1}`;
  return isMultipartNode(child) ? number : `${number}.1`;
}

function toNumberedPart(node: MessageStructureObject, number: string, depth: number): Part {
  const parameters = { ...node.parameters };
  const disposition = (node.disposition ?? "").toLowerCase();
  const all = node.childNodes ?? [];
  const children = depth < maxDepth ? all.filter(({ type }) => type !== omittedPartType) : [];
  return {
    part: number,
    type: toMediaTypeOf(node),
    size: node.size ?? 0,
    parameters,
    children: children
      .slice(0, maxChildren)
      .map((child, index) => toNumberedPart(child, toChildNumber(node, number, child, index), depth + 1)),
    omitsChildren: children.length < all.length || children.length > maxChildren || undefined,
    charset: parameters.charset || undefined,
    encoding: node.encoding || undefined,
    name: fileNameOf(node),
    contentId: node.id?.trim().replace(/^<|>$/g, "") || undefined,
    disposition: disposition === "inline" || disposition === "attachment" ? disposition : undefined,
    attachedHeader: node.envelope && toAttachedHeader(node.envelope),
  };
}

/** A value without a subtype, such as `text`, means plain text (RFC 2045 section 5.2), but base64 content is a file. */
function toMediaTypeOf({ type = "", encoding = "" }: MessageStructureObject): string {
  const declared = type.toLowerCase().trim();
  if (/^[^/\s]+\/[^/\s]/.test(declared)) return declared;
  return /^base64$/i.test(encoding) ? "application/octet-stream" : "text/plain";
}

/** Some programs write `name` in Content-Disposition, or `filename` in Content-Type. */
function fileNameOf({ parameters, dispositionParameters, envelope }: MessageStructureObject) {
  const type: Partial<Record<string, string>> = { ...parameters };
  const disposition: Partial<Record<string, string>> = { ...dispositionParameters };
  const subject = decodeHeaderText(envelope?.subject);
  const candidates = [disposition.filename, disposition.name, type.name, type.filename];
  return [...candidates.map(decodeFileName), subject && `${subject}.eml`].find((name) => name !== "");
}

/** Decodes encoded words, and the percent signs of `filename*` without a charset (RFC 5987) and of programs for the web. */
export function decodeFileName(value: string | undefined): string {
  const name = decodeHeaderText(value);
  if (!/%[0-9a-f]{2}/i.test(name) || /\s/.test(name)) return name;
  try {
    const decoded = decodeURIComponent(name);
    return /[ \P{ASCII}]/u.test(decoded) ? decoded : name;
  } catch {
    return name;
  }
}

function toAttachedHeader({ from, date, subject }: MessageEnvelopeObject): AttachedEmailHeader {
  const [author] = from ?? [];
  const name = decodeHeaderText(author?.name);
  const time = date === undefined ? Number.NaN : new Date(date).getTime();
  return {
    subject: decodeHeaderText(subject),
    from: author?.address
      ? { address: decodeHeaderText(author.address), ...(name === "" ? undefined : { name }) }
      : undefined,
    date: Number.isNaN(time) ? undefined : new Date(time).toISOString().replace(/\.\d+Z$/, "Z"),
  };
}

/**
 * The charset of the first text part that declares one other than ASCII or UTF-8: the best guess for text of the email
 * that declares none, such as raw 8-bit headers.
 */
export function charsetOf({ charset, type, children }: Part): string | undefined {
  if (charset && type.startsWith("text/") && !/^(us-ascii|utf-?8)$/i.test(charset)) return charset;
  for (const child of children) {
    const found = charsetOf(child);
    if (found) return found;
  }
  return undefined;
}

/** True where parts of an email, or of a part, are not read: nested too deeply, or too many. */
export const omitsParts = ({ omitsChildren, children }: Part): boolean =>
  omitsChildren === true || children.some(omitsParts);

/** S/MIME by its type: the text inside a signature, or encrypted (RFC 8551 section 3.2). */
export const isSmimeFile = ({ type, name = "" }: Pick<Part, "type" | "name">) =>
  /^application\/(x-)?pkcs7-mime$/.test(type) ||
  (type === "application/octet-stream" && /^smime\.p7m$/i.test(name));

/** winmail.dat, by its type or by the name it always has. */
export function isOutlookFile({ type, name }: { type: string; name?: string | null | undefined }): boolean {
  return /^application\/(vnd\.)?ms-tnef$/.test(type) || /^winmail\d*\.dat$/i.test(name ?? "");
}

/** A complete attached email (RFC 2046 section 5.2.1, RFC 6532 section 3.7). */
export const isAttachedEmail = ({ type }: Pick<Part, "type">) => /^message\/(rfc822|global)$/.test(type);
