/**
 * The text of an email: fetched as far as it is read, decoded, rendered. One round trip for all its text parts; more
 * only when a very long text is read on.
 */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import { decodeText } from "../email/charset.ts";
import type { EmailContents } from "../email/email-contents.ts";
import type { Part } from "../email/part.ts";
import { isOutlookFile } from "../email/part.ts";
import { decodeTransfer } from "../email/transfer-encoding.ts";
import { AppError } from "../errors.ts";
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

/**
 * `uid` is in the selected mailbox; `fetched` is what of its parts is here already, from their beginnings.
 * Throws email_not_found.
 */
export async function readBody(
  imap: ImapFlow,
  uid: number,
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
      await fetchMore(imap, uid, missing, fetched, bytes);
      // A server that sends less than was asked for has no more, whatever size it gave.
      for (const part of missing) if ((fetched.get(part.part)?.length ?? 0) < bytes) whole.add(part.part);
      rendered = render();
    }
    if (rendered.text.length > request.until + slackCharacters || !parts.some(isCut)) break;
  }
  const nothing = parts.every(({ size }) => size === 0) && contents.attachments.length === 0;
  if (nothing && !contents.encrypted) {
    const source = await fetchSource(imap, uid);
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
async function fetchSource(imap: ImapFlow, uid: number): Promise<string> {
  const bodyParts = [{ key: "TEXT", start: 0, maxLength: sourceBytes }];
  const email = await imap.fetchOne(String(uid), { uid: true, bodyParts }, { uid: true });
  const bytes = email ? email.bodyParts?.get("text") : undefined;
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
  imap: ImapFlow,
  uid: number,
  parts: readonly Part[],
  fetched: Map<string, Buffer>,
  bytes: number,
): Promise<void> {
  const bodyParts = parts.map((part) => {
    const start = fetched.get(part.part)?.length ?? 0;
    return { key: part.part, start, maxLength: bytes - start };
  });
  const email: FetchMessageObject | false = await imap.fetchOne(
    String(uid),
    { uid: true, bodyParts },
    { uid: true },
  );
  if (!email) throw new AppError("email_not_found", "The email is no longer there.");
  for (const part of parts) {
    const before = fetched.get(part.part) ?? Buffer.alloc(0);
    const more = email.bodyParts?.get(part.part.toLowerCase()) ?? Buffer.alloc(0);
    fetched.set(part.part, Buffer.concat([before, more]));
  }
}
