/**
 * The text of an email: fetched as far as it is read, decoded and rendered. One round trip for all text parts; more
 * only for a very long text that is read on.
 */

import { parseMultipartSource, textInHeaders } from "../email/broken-structure.ts";
import { decodeText } from "../email/charset.ts";
import type { CharsetHints } from "../email/charset-guess.ts";
import { type EmailContents, toEmailContents } from "../email/email-contents.ts";
import { embeddedFiles, isWithoutParts, partsWithFiles, wholeText } from "../email/embedded-files.ts";
import type { MimeTree } from "../email/mime-tree.ts";
import { isOutlookFile, type Part } from "../email/part.ts";
import { decodePartContent } from "../email/part-content.ts";
import type { EmailFormat } from "./email-format.ts";
import { type RenderedBody, renderBody } from "./render-body.ts";
import { isWinmailTextComplete } from "./winmail-text.ts";

/** Octets of each part in the first fetch: enough for what one answer shows. */
export const firstFetchOctets = 196_608;
/** Octets of each part that are fetched at most. */
const maxFetchedOctets = 4_194_304;
const fetchGrowth = 4;
/** Text parts that are read, calendars and reports among them. */
const maxTextParts = 50;
/** Characters rendered beyond what is shown, so that the end of what was fetched is not shown. */
const slackCharacters = 4096;

export type BodyRequest = {
  format: EmailFormat;
  /** The end of what is shown, in characters of the rendered text. */
  until: number;
  /** The subject says that the email forwards another one. */
  forward: boolean;
  /** From the headers of the email. */
  charsetHints?: CharsetHints;
};

/**
 * A part of an email by its IMAP section ("1.2", "TEXT"), from octet `start`, at most `maxLength` octets; `size` is that
 * of the whole part where it is known.
 */
export type PartRange = { key: string; start: number; maxLength: number; size?: number };

/**
 * Fetches ranges of the parts of one email; the result has them by their key. A connection is held for this alone, not
 * while text is rendered. Throws email_not_found.
 */
export type FetchParts = (ranges: readonly PartRange[]) => Promise<ReadonlyMap<string, Buffer>>;

/** `embedded`: the files inside its plain text. */
export type ReadBody = RenderedBody & { embedded: readonly Part[] };

/**
 * Reads the text of an email. `fetched` holds the first octets of its parts that are known already; further ones are
 * fetched. Throws what `fetchParts` throws.
 */
export async function readBody(
  fetchParts: FetchParts,
  contents: EmailContents,
  request: BodyRequest,
  fetched = new Map<string, Buffer>(),
): Promise<ReadBody> {
  const parts = partsToRead(contents, request.format);
  const complete = new Set<string>();
  const octetsOf = ({ part }: Part) => fetched.get(part)?.length ?? 0;
  const isCut = (part: Part) => !complete.has(part.part) && octetsOf(part) < part.size;
  let rendered = render();
  for (let octets = firstFetchOctets; octets <= maxFetchedOctets; octets *= fetchGrowth) {
    const missing = parts.filter((part) => isCut(part) && octetsOf(part) < octets);
    if (missing.length > 0) {
      await fetchMore(fetchParts, missing, fetched, octets);
      // fetchParts asks on to the reported size: what is shorter has no more, whatever size was reported.
      for (const part of missing) if (octetsOf(part) < octets) complete.add(part.part);
      rendered = render();
    }
    if (rendered.text.length > request.until + slackCharacters || !parts.some(isCut)) break;
  }
  if (parts.every(({ size }) => size === 0) && contents.attachments.length === 0 && !contents.encrypted) {
    const broken = await readBroken(fetchParts, contents, request);
    if (broken) return { ...broken, notes: [...rendered.notes, ...broken.notes] };
  }
  return {
    ...rendered,
    notes: [...rendered.notes, ...unreadNotes(contents)],
    embedded: partsWithFiles(contents).flatMap((part) =>
      embeddedFiles(part, fetched.get(part.part) ?? Buffer.alloc(0)),
    ),
    cutOctets: parts.filter(isCut).reduce((sum, part) => sum + part.size - octetsOf(part), 0),
  };

  function contentOf(part: Part): Buffer | undefined {
    const bytes = fetched.get(part.part);
    return bytes && decodePartContent(part, bytes);
  }

  function render(): RenderedBody {
    // The files in winmail.dat follow its text.
    for (const part of parts)
      if (isOutlookFile(part) && isWinmailTextComplete(contentOf(part) ?? Buffer.alloc(0)))
        complete.add(part.part);
    const tree = multipartSourceIn(contents, fetched);
    return tree ? renderTree(tree, request) : renderBody(contents, request, contentOf);
  }
}

const renderTree = (tree: MimeTree, request: BodyRequest): RenderedBody =>
  renderBody(toEmailContents(tree.root), request, tree.content);

/** The parts in an email that is declared as plain text and is the source of several parts. */
function multipartSourceIn(
  { texts: [text, ...others], attachments }: EmailContents,
  fetched: ReadonlyMap<string, Buffer>,
): MimeTree | undefined {
  const octets = text?.plain && !text.html && fetched.get(text.plain.part);
  return octets && others.length === 0 && attachments.length === 0 ? parseMultipartSource(octets) : undefined;
}

function unreadNotes({ texts, calendars }: EmailContents): string[] {
  const unread = texts.length + calendars.length - maxTextParts;
  return unread > 0 ? [`The text is in many parts; the last ${unread} were not read.`] : [];
}

const brokenNote = "The email's structure is broken; this is its source.";
const foundNote = "The email's structure is broken; its parts were found by their boundary lines.";
const headerNote = "No empty line ends the email's headers; this is the text that stands among them.";
const maxSourceOctets = 1_048_576;
const maxShownSource = 65_536;

/** An email whose structure has no text: its parts if they can be found, its source, or the text among its headers. */
async function readBroken(
  fetchParts: FetchParts,
  contents: EmailContents,
  request: BodyRequest,
): Promise<ReadBody | undefined> {
  const octets = await fetchWhole("TEXT");
  const tree = parseMultipartSource(octets);
  if (tree && isWithoutParts(contents)) {
    const rendered = renderTree(tree, request);
    return { ...rendered, notes: [...rendered.notes, foundNote], embedded: embeddedFiles(wholeText, octets) };
  }
  const source = toSource(octets.subarray(0, maxShownSource));
  const isOnlyBoundary = source.startsWith("--") && source.endsWith("--") && !source.includes("\n");
  if (source !== "" && !isOnlyBoundary)
    return { text: source, notes: [brokenNote], cutOctets: 0, embedded: [] };
  const text = source === "" ? toSource(textInHeaders(await fetchWhole("HEADER")) ?? Buffer.alloc(0)) : "";
  return text === "" ? undefined : { text, notes: [headerNote], cutOctets: 0, embedded: [] };

  async function fetchWhole(key: string): Promise<Buffer> {
    return (await fetchParts([{ key, start: 0, maxLength: maxSourceOctets }])).get(key) ?? Buffer.alloc(0);
  }

  function toSource(bytes: Buffer): string {
    return decodeText(bytes, undefined, request.charsetHints).replace(/\r\n?/g, "\n").trim();
  }
}

/** The parts that a format reads. One FETCH gets all of them, so plain text comes along with HTML that may be empty. */
function partsToRead(contents: EmailContents, format: EmailFormat): Part[] {
  const texts = contents.texts.flatMap(({ html, plain, other, further = [], outlook, signed }) => {
    if (format === "text" && plain && html) return [plain];
    const first = html ?? plain ?? other ?? outlook ?? signed;
    // HTML of little content is mostly pictures: then the words are in the plain text.
    return html && plain && html.size > plain.size * 4 ? [first, ...further, plain] : [first, ...further];
  });
  const status = format === "html" ? undefined : contents.report?.status;
  const all = [...texts, ...contents.calendars, status];
  return all.filter((part) => part !== undefined).slice(0, maxTextParts);
}

/** The numbers of the parts from which an email is read as Markdown. */
export const textPartNumbers = (contents: EmailContents): string[] =>
  partsToRead(contents, "markdown").map(({ part }) => part);

async function fetchMore(
  fetchParts: FetchParts,
  parts: readonly Part[],
  fetched: Map<string, Buffer>,
  octets: number,
): Promise<void> {
  const ranges = parts.map(({ part, size }) => {
    const start = fetched.get(part)?.length ?? 0;
    return { key: part, start, maxLength: octets - start, size };
  });
  const found = await fetchParts(ranges);
  for (const { part } of parts)
    fetched.set(
      part,
      Buffer.concat([fetched.get(part) ?? Buffer.alloc(0), found.get(part) ?? Buffer.alloc(0)]),
    );
}
