/**
 * The text of an email: fetched as far as it is read, decoded and rendered. One round trip for all text parts; more
 * only for a very long text that is read on.
 */

import { textInHeaders } from "../email/broken-structure.ts";
import { decodeText } from "../email/charset.ts";
import type { EmailContents } from "../email/email-contents.ts";
import { isWithoutParts, wholeText } from "../email/embedded-files.ts";
import type { Part } from "../email/part.ts";
import { noTextNote } from "./body-notes.ts";
import type { EmailFormat } from "./email-format.ts";
import type { RenderedBody } from "./render-body.ts";
import type { RenderedParts, Renderer, RenderRequest } from "./renderer.ts";

/** Octets of each part in the first fetch: enough for what one answer shows. */
export const firstFetchOctets = 196_608;
/** Octets of each part that are fetched at most. */
const maxFetchedOctets = 4_194_304;
const fetchGrowth = 4;
/** Text parts that are read, calendars and reports among them. */
const maxTextParts = 50;
/** Characters rendered beyond what is shown, so that the end of what was fetched is not shown. */
const slackCharacters = 4096;

type BodyRequest = RenderRequest & {
  /** The end of what is shown, in characters of the rendered text. */
  until: number;
};

/**
 * A part of an email by its IMAP section ("1.2", "TEXT"), from octet `start`, at most `maxLength` octets; `size` is that
 * of the whole part where it is known.
 */
type PartRange = { key: string; start: number; maxLength: number; size?: number };

/**
 * Fetches ranges of the parts of one email; the result has them by their key. A connection is held for this alone, not
 * while text is rendered. Throws email_not_found.
 */
export type FetchParts = (ranges: readonly PartRange[]) => Promise<ReadonlyMap<string, Buffer>>;

/** `embedded`: the files inside its plain text. */
export type ReadBody = RenderedBody & { embedded: readonly Part[] };

/** Where the octets of an email come from, and what renders them. */
export type BodySource = { fetchParts: FetchParts; renderer: Renderer; signal: AbortSignal };

/**
 * Reads the text of an email. `fetched` holds the first octets of its parts that are known already; further ones are
 * fetched. Throws what `fetchParts` throws, and the reason of the signal.
 */
export async function readBody(
  source: BodySource,
  contents: EmailContents,
  request: BodyRequest,
  fetched = new Map<string, Buffer>(),
): Promise<ReadBody> {
  const { fetchParts, renderer, signal } = source;
  const parts = partsToRead(contents, request.format);
  const complete = new Set<string>();
  const octetsOf = ({ part }: Part) => fetched.get(part)?.length ?? 0;
  const isCut = (part: Part) => !complete.has(part.part) && octetsOf(part) < part.size;
  let rendered = await render();
  /** Octets of each part in `rendered`. */
  let shown = lengthsOf(fetched);
  for (let octets = firstFetchOctets; octets <= maxFetchedOctets; octets *= fetchGrowth) {
    const missing = parts.filter((part) => isCut(part) && octetsOf(part) < octets);
    if (missing.length > 0) {
      await fetchMore(fetchParts, missing, fetched, octets);
      // fetchParts asks on to the reported size: what is shorter has no more, whatever size was reported.
      for (const part of missing) if (octetsOf(part) < octets) complete.add(part.part);
      const further = await render();
      // The rendering of a shorter beginning is better than none.
      if (further.failed && !rendered.failed) break;
      rendered = further;
      shown = lengthsOf(fetched);
    }
    if (rendered.failed || rendered.text.length > request.until + slackCharacters || !parts.some(isCut))
      break;
  }
  if (parts.every(({ size }) => size === 0) && contents.attachments.length === 0 && !contents.encrypted) {
    const broken = await readBroken(source, contents, request);
    if (broken)
      return { ...broken, notes: [...rendered.notes.filter((note) => note !== noTextNote), ...broken.notes] };
  }
  return {
    text: rendered.text,
    notes: [...rendered.notes, ...unreadNotes(contents)],
    embedded: rendered.embedded,
    cutOctets: parts
      .filter((part) => !complete.has(part.part) || octetsOf(part) > (shown.get(part.part) ?? 0))
      .reduce((sum, { part, size }) => sum + Math.max(0, size - (shown.get(part) ?? 0)), 0),
  };

  async function render(): Promise<RenderedParts> {
    const rendered = await renderer.renderBody(contents, fetched, request, signal);
    for (const part of rendered.complete) complete.add(part);
    return rendered;
  }
}

const lengthsOf = (octets: ReadonlyMap<string, Buffer>) =>
  new Map([...octets].map(([part, { length }]) => [part, length]));

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
  { fetchParts, renderer, signal }: BodySource,
  contents: EmailContents,
  request: BodyRequest,
): Promise<ReadBody | undefined> {
  const octets = await fetchWhole("TEXT");
  if (isWithoutParts(contents)) {
    const whole = { texts: [{ plain: wholeText }], calendars: [], attachments: [] };
    const found = await renderer.renderBody(whole, new Map([[wholeText.part, octets]]), request, signal);
    if (found.byBoundaries) return { ...found, notes: [...found.notes, foundNote] };
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
