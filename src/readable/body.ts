/**
 * The text of an email: fetched as far as it is read, decoded, rendered. One round trip for all its text parts; more
 * only when a very long text is read on.
 */
import { decodeText } from "../email/charset.ts";
import type { EmailContents } from "../email/email-contents.ts";
import type { Part } from "../email/part.ts";
import { isOutlookFile } from "../email/part.ts";
import { decodeTransfer } from "../email/transfer-encoding.ts";
import type { EmailFormat } from "./email-format.ts";
import { isOutlookTextWhole } from "./outlook.ts";
import { type Rendered, renderBody } from "./render-body.ts";

/** Octets of each part fetched at first; a part that turns out longer than what is shown needs no more. */
export const firstBytes = 196_608;
/** Octets of each part fetched at most, however far one reads. */
const maxBytes = 4_194_304;
/** Text parts fetched of one email, calendars and reports among them. */
const maxTexts = 50;
/** Read beyond what is shown, so that a cut in the middle of something does not show. */
const slackCharacters = 4096;

export type BodyRequest = {
  format: EmailFormat;
  /** The end of what is shown, in characters of the rendered text. */
  until: number;
  /** The subject says that the email passes another one on. */
  forward: boolean;
};

/** A part of an email by its IMAP section ("1.2", "TEXT"), from octet `start`, at most `maxLength` octets. */
export type PartRange = { key: string; start: number; maxLength: number };

/**
 * Fetches ranges of the parts of one email; the result has them by their key. A connection is held for this alone, not
 * while text is rendered. Throws email_not_found.
 */
export type FetchParts = (ranges: readonly PartRange[]) => Promise<ReadonlyMap<string, Buffer>>;

/**
 * The text of an email. `fetched` holds octets of its parts that are here already, from their beginnings; further ones
 * come by `fetchParts`. Throws what `fetchParts` throws.
 */
export async function readBody(
  fetchParts: FetchParts,
  contents: EmailContents,
  request: BodyRequest,
  fetched = new Map<string, Buffer>(),
): Promise<Rendered> {
  const parts = partsToRead(contents, request.format);
  const whole = new Set<string>();
  let rendered = render();
  for (let bytes = firstBytes; parts.length > 0 && bytes <= maxBytes; bytes *= 4) {
    const missing = parts.filter((part) => isCut(part) && (fetched.get(part.part)?.length ?? 0) < bytes);
    if (missing.length > 0) {
      await fetchMore(fetchParts, missing, fetched, bytes);
      // A server that sends less than was asked for has no more, whatever size it gave.
      for (const part of missing) if ((fetched.get(part.part)?.length ?? 0) < bytes) whole.add(part.part);
      rendered = render();
    }
    if (rendered.text.length > request.until + slackCharacters || !parts.some(isCut)) break;
  }
  const nothing = parts.every(({ size }) => size === 0) && contents.attachments.length === 0;
  if (nothing && !contents.encrypted) {
    const source = await fetchSource(fetchParts);
    if (source !== "") return { text: source, notes: [...rendered.notes, brokenNote], cutOctets: 0 };
  }
  const cut = parts.filter(isCut);
  const unread = contents.texts.length + contents.calendars.length - maxTexts;
  return {
    ...rendered,
    notes:
      unread > 0
        ? [...rendered.notes, `The text is in many parts; the last ${unread} were not read.`]
        : rendered.notes,
    cutOctets: cut.reduce((sum, part) => sum + part.size - (fetched.get(part.part)?.length ?? 0), 0),
  };

  function isCut(part: Part): boolean {
    return !whole.has(part.part) && (fetched.get(part.part)?.length ?? 0) < part.size;
  }

  function content(part: Part): Buffer | undefined {
    const bytes = fetched.get(part.part);
    return bytes && decodeTransfer(bytes, part.encoding);
  }

  function render(): Rendered {
    // What follows the text in winmail.dat are files.
    for (const part of parts)
      if (isOutlookFile(part) && isOutlookTextWhole(content(part) ?? Buffer.alloc(0))) whole.add(part.part);
    return renderBody(contents, request, content);
  }
}

const brokenNote = "The email's structure is broken; this is its source.";
const sourceBytes = 65_536;

/** What stands below the headers, for an email whose structure holds no text though there is some. */
async function fetchSource(fetchParts: FetchParts): Promise<string> {
  const bytes = (await fetchParts([{ key: "TEXT", start: 0, maxLength: sourceBytes }])).get("TEXT");
  return /^\s*(--.*--)?\s*$/.test(bytes?.toString("latin1") ?? "")
    ? ""
    : decodeText(bytes ?? Buffer.alloc(0))
        .replace(/\r\n?/g, "\n")
        .trim();
}

/** What of an email is read in this format. In one FETCH, so a plain text stands by for an empty HTML one. */
function partsToRead(contents: EmailContents, format: EmailFormat): Part[] {
  const texts = contents.texts.flatMap(({ html, plain, other, further = [], outlook, signed }) => {
    if (format === "text" && plain && html) return [plain];
    const first = html ?? plain ?? other ?? outlook ?? signed;
    return html && plain && html.size > plain.size * 4 ? [first, ...further, plain] : [first, ...further];
  });
  const status = format === "html" ? undefined : contents.report?.status;
  const all = [...texts, ...contents.calendars, status];
  return all.filter((part) => part !== undefined).slice(0, maxTexts);
}

/** The numbers of the parts that an email is read from as Markdown. */
export const textParts = (contents: EmailContents): string[] =>
  partsToRead(contents, "markdown").map(({ part }) => part);

async function fetchMore(
  fetchParts: FetchParts,
  parts: readonly Part[],
  fetched: Map<string, Buffer>,
  bytes: number,
): Promise<void> {
  const ranges = parts.map(({ part }) => {
    const start = fetched.get(part)?.length ?? 0;
    return { key: part, start, maxLength: bytes - start };
  });
  const found = await fetchParts(ranges);
  for (const { part } of parts)
    fetched.set(
      part,
      Buffer.concat([fetched.get(part) ?? Buffer.alloc(0), found.get(part) ?? Buffer.alloc(0)]),
    );
}
