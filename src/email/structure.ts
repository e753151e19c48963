/**
 * What an email is made of, from its BODYSTRUCTURE alone (RFC 3501 section 7.4.2): what is its text, what hangs on
 * it, what is signed, encrypted or a report. Nothing is fetched here and nothing throws, whatever the sender claims.
 */
import type { MessageEnvelopeObject, MessageStructureObject } from "imapflow";
import type { Address } from "./address.ts";
import { toText } from "./headers.ts";

/** One part: `part` is its number for FETCH, e.g. "1.2". */
export type Part = {
  part: string;
  /** Lower case, e.g. text/html. */
  type: string;
  charset?: string;
  encoding?: string;
  /** Octets as encoded in the email. */
  size: number;
  name?: string;
  disposition?: "inline" | "attachment";
  parameters: Readonly<Record<string, string>>;
  children: readonly Part[];
  /** Of an attached email: who wrote it, when, and about what. */
  letterhead?: Letterhead;
};

/** `date`: ISO 8601 in UTC. */
export type Letterhead = { from?: Address; date?: string; subject: string };

export type AttachedPart = {
  /** 1, 2, …: how get_attachment names it. */
  index: number;
  part: Part;
  /** Shown within the text rather than hung on it. */
  inline: boolean;
  /** The index of the attached email it is in. */
  inside?: number;
};

/** A stretch of the email's text in the forms it was sent in. */
export type BodyText = {
  plain?: Part;
  html?: Part;
  other?: Part;
  /** What follows the HTML (else the plain text) as a part of its own, behind a picture or a file between them. */
  further?: readonly Part[];
  /** winmail.dat, where it holds all the text there is. */
  outlook?: Part;
  /** smime.p7m, where the text is inside its signature. */
  signed?: Part;
  /** Of the attached emails that begin here and are shown as part of this one, the outermost first. */
  letterheads?: readonly Letterhead[];
};

export type Anatomy = {
  root: Part;
  texts: readonly BodyText[];
  calendars: readonly Part[];
  attachments: readonly AttachedPart[];
  signed?: "S/MIME" | "PGP";
  encrypted?: "S/MIME" | "PGP";
  /** The machine-readable half of a bounce or receipt (RFC 3462). */
  report?: { kind: string; status?: Part };
};

const maxDepth = 30;
const maxParts = 500;

/**
 * imapflow's tree with every absent or odd value put right, and with part numbers of our own (RFC 3501 section 6.4.5):
 * what is in an attached email that has one part only is `2.1`, not `2`.
 */
export function toPart(node: MessageStructureObject): Part {
  return toNumberedPart(node, isMultipart(node) ? "" : "1", 0);
}

const isMultipart = (node: MessageStructureObject) => /^multipart\//i.test(node.type ?? "");

function toChildNumber(
  node: MessageStructureObject,
  number: string,
  child: MessageStructureObject,
  at: number,
): string {
  if (isMultipart(node)) return number === "" ? `${at + 1}` : `${number}.${at + 1}`;
  return isMultipart(child) ? number : `${number}.1`;
}

function toNumberedPart(node: MessageStructureObject, number: string, depth: number): Part {
  const parameters = { ...node.parameters };
  const own = { ...node.dispositionParameters };
  const subject = toText(node.envelope?.subject);
  const name = firstName([
    own.filename,
    own.name,
    parameters.name,
    parameters.filename,
    subject && `${subject}.eml`,
  ]);
  const disposition = (node.disposition ?? "").toLowerCase();
  const children = depth < maxDepth ? (node.childNodes ?? []) : [];
  return {
    part: number,
    type: toType(node),
    size: node.size ?? 0,
    parameters,
    children: children
      .slice(0, maxParts)
      .map((child, at) => toNumberedPart(child, toChildNumber(node, number, child, at), depth + 1)),
    ...(parameters.charset ? { charset: parameters.charset } : {}),
    ...(node.encoding ? { encoding: node.encoding } : {}),
    ...(name ? { name } : {}),
    ...(disposition === "inline" || disposition === "attachment" ? { disposition } : {}),
    ...(node.envelope ? { letterhead: toLetterhead(node.envelope) } : {}),
  };
}

/** A type that is none, such as `text`, is plain text (RFC 2045 section 5.2), unless it is written as files are. */
function toType({ type = "", encoding = "" }: MessageStructureObject): string {
  const said = type.toLowerCase().trim();
  if (/^[^/\s]+\/[^/\s]/.test(said)) return said;
  return /^base64$/i.test(encoding) ? "application/octet-stream" : "text/plain";
}

/** Of the text, for what says nothing of its own; none when it is what anybody takes. */
export function charsetOf({ charset, type, children }: Part): string | undefined {
  if (charset && type.startsWith("text/") && !/^(us-ascii|utf-?8)$/i.test(charset)) return charset;
  for (const child of children) {
    const found = charsetOf(child);
    if (found) return found;
  }
  return undefined;
}

function toLetterhead({ from, date, subject }: MessageEnvelopeObject): Letterhead {
  const [writer] = from ?? [];
  const name = toText(writer?.name);
  const time = date === undefined ? Number.NaN : new Date(date).getTime();
  return {
    subject: toText(subject),
    ...(writer?.address ? { from: { address: toText(writer.address), ...(name ? { name } : {}) } } : {}),
    ...(Number.isNaN(time) ? {} : { date: new Date(time).toISOString().replace(/\.\d+Z$/, "Z") }),
  };
}

function firstName(candidates: readonly (string | undefined)[]): string | undefined {
  return candidates.map((name) => toText(name)).find((name) => name !== "");
}

const isText = (part: Part) => part.type === "text/plain" || part.type === "text/html";
const isEmail = (part: Part) => /^message\/(rfc822|global)$/.test(part.type);
/** By its type: a signature around the text, or the text encrypted (RFC 8551 section 3.2). */
export const isSmimeFile = ({ type }: Part) => /^application\/(x-)?pkcs7-mime$/.test(type);
const isAttachment = (part: Part) => part.disposition === "attachment";

/** Not more than a line end or two, as programs leave them above what they pass on. */
const isBlank = ({ html, plain, other, signed }: BodyText) =>
  ((html ?? plain ?? other ?? signed)?.size ?? 0) <= 4;

/** A text part that is the email's text rather than a file hung on it. */
const isBody = (part: Part) =>
  part.type.startsWith("text/") &&
  !isAttachment(part) &&
  !(part.name !== undefined && part.disposition !== "inline");

/** Shown within the text: a picture that says so or belongs to HTML, and what else HTML uses, but no file. */
const isShown = (part: Part, inRelated: boolean) =>
  part.type.startsWith("image/")
    ? inRelated || part.disposition === "inline"
    : inRelated && !isAttachment(part);

/** Walks the tree once. */
export function toAnatomy(root: Part): Anatomy {
  const texts: BodyText[] = [];
  const calendars: Part[] = [];
  const attachments: AttachedPart[] = [];
  const enclosed = new Set<Part>();
  const found: Pick<Anatomy, "signed" | "encrypted" | "report"> = {};

  function attach(part: Part, inline: boolean, inside?: number): void {
    if (attachments.length >= maxParts) return;
    const index = attachments.length + 1;
    attachments.push({ index, part, inline, ...(inside === undefined ? {} : { inside }) });
    if (isEmail(part)) for (const child of part.children) attachLeaves(child, index);
  }

  /** What hangs on an attached email is listed too. */
  function attachLeaves(part: Part, inside: number): void {
    if (part.type.startsWith("multipart/")) for (const child of part.children) attachLeaves(child, inside);
    else if (!isBody(part)) attach(part, false, inside);
  }

  function alternative(node: Part): void {
    const text: BodyText = {};
    const further: Part[] = [];
    const look = (part: Part): void => {
      if (isAttachment(part)) attach(part, false);
      else if (part.type === "text/html") text.html ??= part;
      else if (part.type === "text/plain") text.plain ??= part;
      else if (part.type === "text/calendar") calendars.push(part);
      else if (part.type === "multipart/related" || part.type === "multipart/mixed") lookInto(part);
      else if (part.type.startsWith("multipart/")) for (const child of part.children) look(child);
      else if (part.type === "text/enriched" || part.type === "text/richtext") text.other ??= part;
      else if (part.type !== "text/x-amp-html" && part.type !== "text/watch-html") attach(part, false);
    };
    /** Apple's mail sends the text in pieces, with the pictures and files between them. */
    const lookInto = (part: Part): void => {
      const { html, plain } = text;
      const isFurther = (child: Part) =>
        isText(child) &&
        isBody(child) &&
        (text.html !== html || (child.type === "text/plain" && text.plain !== plain));
      part.children.forEach((child, position) => {
        if (isFurther(child)) further.push(child);
        else if (position === 0 || isText(child) || child.type.startsWith("multipart/")) look(child);
        else attach(child, isShown(child, part.type === "multipart/related"));
      });
    };
    for (const child of node.children) look(child);
    if (text.html || text.plain || text.other)
      texts.push({ ...text, ...(further.length > 0 ? { further } : {}) });
  }

  function leaf(part: Part, inRelated: boolean): void {
    if (part.type === "text/calendar" && !isAttachment(part)) calendars.push(part);
    else if (isSmimeFile(part)) {
      const kind = (part.parameters["smime-type"] ?? "").toLowerCase();
      // One that does not say what it is may be either.
      if (kind === "signed-data" || kind === "") texts.push({ signed: part });
      if (kind !== "") found[kind === "signed-data" ? "signed" : "encrypted"] ??= "S/MIME";
      attach(part, false);
    } else if (isBody(part) && part.type === "text/html") texts.push({ html: part });
    else if (isBody(part) && part.type === "text/plain") texts.push({ plain: part });
    else if (isBody(part)) texts.push({ other: part });
    else attach(part, isShown(part, inRelated));
  }

  function walk(part: Part, inRelated = false): void {
    const [first, ...rest] = part.children;
    switch (part.type) {
      case "multipart/alternative":
        alternative(part);
        break;
      case "multipart/related":
        if (first) walk(first);
        for (const child of rest) walk(child, true);
        break;
      case "multipart/signed": {
        const pgp =
          /pgp/i.test(part.parameters.protocol ?? "") || rest.some((child) => /pgp/.test(child.type));
        found.signed ??= pgp ? "PGP" : "S/MIME";
        if (first) walk(first);
        break;
      }
      case "multipart/encrypted":
        found.encrypted ??= /pkcs7/i.test(part.parameters.protocol ?? "") ? "S/MIME" : "PGP";
        for (const child of rest) attach(child, false);
        break;
      case "multipart/report": {
        const status = part.children.find((child) =>
          /^message\/(global-)?(delivery-status|disposition-notification|feedback-report)$/.test(child.type),
        );
        found.report ??= {
          kind: (part.parameters["report-type"] ?? status?.type.split("/")[1] ?? "report").toLowerCase(),
          ...(status ? { status } : {}),
        };
        for (const child of part.children)
          if (child === status) continue;
          else if (child.type === "text/rfc822-headers" || child.type === "message/rfc822")
            attach(child, false);
          else walk(child);
        break;
      }
      case "multipart/digest":
        for (const child of part.children) {
          walk(child);
          if (isEmail(child)) enclose(child);
        }
        break;
      default:
        if (part.type.startsWith("multipart/")) for (const child of part.children) walk(child, inRelated);
        else if (part.part !== "") leaf(part, inRelated);
    }
  }

  /** The text of an attached email, under its letterhead. Once: emails nested in emails would double at each level. */
  function enclose(part: Part): void {
    if (enclosed.has(part)) return;
    enclosed.add(part);
    const { letterhead, children } = part;
    const [inner] = children;
    const [first, ...rest] = inner ? toAnatomy(inner).texts : [];
    if (!first) return;
    const letterheads = [letterhead ?? { subject: "" }, ...(first.letterheads ?? [])];
    texts.push({ ...first, letterheads }, ...rest);
  }

  walk(root);
  // Passed on without a word of one's own: then what is passed on is what there is to read.
  if (texts.every(isBlank) && calendars.length === 0 && !found.report && !found.encrypted)
    for (const { part, inside } of [...attachments]) {
      if (inside === undefined && isEmail(part)) enclose(part);
      // So does Exchange wrap the whole of an email.
      if (inside === undefined && isOutlookFile(part)) texts.push({ outlook: part });
    }
  return { root, texts, calendars, attachments, ...found };
}

/** By its type, or by the name it always has. */
export function isOutlookFile({ type, name }: { type: string; name?: string | null | undefined }): boolean {
  return /^application\/(vnd\.)?ms-tnef$/.test(type) || /^winmail\d*\.dat$/i.test(name ?? "");
}

export const emptyPart: Part = { part: "", type: "text/plain", size: 0, parameters: {}, children: [] };
