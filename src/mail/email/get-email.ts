/** get_email: one email as facts and text, in one round trip unless its text is long and was not listed before. */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import type { Address } from "../../email/address.ts";
import { type AttachedPart, type EmailContents, toEmailContents } from "../../email/email-contents.ts";
import type { EmailRef } from "../../email/email-id.ts";
import { numberEmbedded } from "../../email/embedded-files.ts";
import { decodeEncodedWords } from "../../email/encoded-words.ts";
import { toSafeFileName } from "../../email/file-name.ts";
import {
  charsetHintsOf,
  decodeHeaderText,
  type Header,
  headerValue,
  maxParsedAddresses,
  parseAddresses,
  parseHeaders,
  toIsoDate,
} from "../../email/headers.ts";
import { unsubscribeTargets } from "../../email/list-unsubscribe.ts";
import { charsetOf, omitsParts } from "../../email/part.ts";
import { wholePartsIn } from "../../email/part-beginnings.ts";
import { toSenderChecks } from "../../email/sender-checks.ts";
import { mayBeForwardSubject } from "../../email/subject.ts";
import { toThreadKeys } from "../../email/thread-keys.ts";
import { formatUtcTime, lowerCaseFlags, toLabels, toReceivedAt } from "../../imap/fetched-values.ts";
import { type MailboxCache, rememberEmail } from "../../imap/mailbox-cache.ts";
import { requireSameValidity } from "../../imap/select.ts";
import { fetchOneFresh } from "../../imap/sync.ts";
import {
  firstFetchOctets,
  textPartNumbers as partsOfText,
  type ReadBody,
  readBody,
} from "../../readable/body.ts";
import type { Renderer } from "../../readable/renderer.ts";
import type { Access } from "../access.ts";
import type { Attachment, Email, MailReading } from "../reading.ts";
import { createFetchParts } from "./fetch-parts.ts";
import { fetchStructure } from "./fetch-structure.ts";

const shownHeaders = [
  "from",
  "sender",
  "reply-to",
  "to",
  "cc",
  "bcc",
  "subject",
  "date",
  "message-id",
  "in-reply-to",
  "references",
  "authentication-results",
  "received",
  "list-unsubscribe",
  "content-language",
];

/** Limits of one answer: more of either is a mailing that lists everybody, or an attack. Omissions are said. */
const maxPeople = 100;
const maxHeaderCharacters = 40_000;

const omittedPartsNote = "The email has more parts than are read; only the first ones are here.";

type EmailRequest = Parameters<MailReading["getEmail"]>[0];

/**
 * Octets of the body that are fetched while it is not known which parts hold the text: it comes first in most emails, and
 * an attachment behind it costs no more than these.
 */
const beginningOctets = 49_152;

/** Facts and octets of one email, as one FETCH brings them. */
type FetchedEmail = {
  message: FetchMessageObject;
  /** Octets of parts by their number. */
  octets: ReadonlyMap<string, Buffer>;
  contents: EmailContents;
  headers: readonly Header[];
  subject: string;
};

/**
 * Fetches an email and renders its text. The connection is given back before anything is rendered: a heavy email must
 * not hold what other calls of the account wait for. Throws email_not_found, email_moved.
 */
export async function getEmail(access: Access, renderer: Renderer, request: EmailRequest): Promise<Email> {
  const ref = access.toRef(request.id);
  const fetched = await access.readEmail(ref, (imap, cache) => fetchEmail(imap, cache, ref, request));
  const { octets, contents, headers, subject } = fetched;
  const rendered = await readBody(
    { fetchParts: createFetchParts(access, ref), renderer, signal: access.signal },
    contents,
    {
      format: request.format,
      until: request.offset + request.maxCharacters,
      forward: mayBeForwardSubject(subject),
      charsetHints: charsetHintsOf(headers),
    },
    new Map(octets),
  );
  return toEmail(request, ref, fetched, rendered);
}

/** The facts of the email, with its text where the parts are known that hold it, or lie in the beginning of the body. */
async function fetchEmail(
  imap: ImapFlow,
  cache: MailboxCache,
  ref: EmailRef,
  request: EmailRequest,
): Promise<FetchedEmail> {
  requireSameValidity(imap, ref);
  const textPartNumbers = cache.textParts.get(ref.uid) ?? [];
  const message = await fetchOneFresh(imap, ref.uid, {
    uid: true,
    flags: true,
    size: true,
    internalDate: true,
    bodyStructure: true,
    threadId: true,
    labels: true,
    headers: request.headers ? true : shownHeaders,
    bodyParts:
      textPartNumbers.length > 0
        ? textPartNumbers.map((key) => ({ key, start: 0, maxLength: firstFetchOctets }))
        : [{ key: "TEXT", start: 0, maxLength: beginningOctets }],
  });
  const contents = toEmailContents(await fetchStructure(imap, ref.uid, message.bodyStructure));
  const headers = parseHeaders(message.headers ?? Buffer.alloc(0), charsetOf(contents.root));
  const subject = decodeHeaderText(headerValue(headers, "subject"));
  // get_thread is often called next: with these it needs no round trip for the email itself.
  const links = toThreadKeys(headers, subject, message.threadId);
  rememberEmail(cache, ref.uid, { parts: partsOfText(contents), links });
  const beginning = message.bodyParts?.get("text");
  const octets = beginning ? wholePartsIn(contents.root, beginning) : (message.bodyParts ?? new Map());
  return { message, octets, contents, headers, subject };
}

/** The answer of get_email. Pure. */
function toEmail(request: EmailRequest, ref: EmailRef, fetched: FetchedEmail, rendered: ReadBody): Email {
  const { message, contents, headers, subject } = fetched;
  const flags = lowerCaseFlags(message);
  const text = toExcerpt(rendered.text, request);
  const { people, omissions } = toPeople(headers);
  const allHeaders = request.headers ? toHeaderLines(headers) : undefined;
  return {
    id: request.id,
    mailbox: ref.mailbox,
    labels: toLabels(message),
    ...people,
    subject,
    date: toIsoDate(headerValue(headers, "date")) ?? formatUtcTime(toReceivedAt(message)),
    messageId: decodeHeaderText(headerValue(headers, "message-id")) || undefined,
    unread: !flags.has("\\seen"),
    flagged: flags.has("\\flagged"),
    answered: flags.has("\\answered"),
    draft: flags.has("\\draft"),
    deleted: flags.has("\\deleted") || undefined,
    size: message.size ?? 0,
    sender: toSenderChecks(headers),
    earlier: countEarlier(headers),
    unsubscribe: unsubscribeTargets(headers),
    format: request.format,
    ...text,
    attachments: [...contents.attachments, ...numberEmbedded(contents, rendered.embedded)].map(toAttachment),
    headers: allHeaders?.lines,
    notes: [
      ...omissions,
      ...(allHeaders?.omissions ?? []),
      ...pastEndNote(request.offset, text.total),
      ...rendered.notes,
      ...(omitsParts(contents.root) ? [omittedPartsNote] : []),
      ...cutNote(rendered.cutOctets, text.nextOffset !== undefined),
    ],
  };
}

/** The characters from `offset` on, with the positions that an answer states. */
export function toExcerpt(
  text: string,
  { offset, maxCharacters }: { offset: number; maxCharacters: number },
): { body: string; offset: number; end: number; total: number; nextOffset?: number } {
  const start = Math.min(offset, text.length);
  const body = text.slice(start, start + maxCharacters).toWellFormed();
  const end = start + body.length;
  return { body, offset: start, end, total: text.length, nextOffset: end < text.length ? end : undefined };
}

const addressFields = {
  from: "from",
  replyTo: "reply-to",
  to: "to",
  cc: "cc",
  bcc: "bcc",
} as const;

/** The first people of each address header, and a sentence for each header that names more. */
function toPeople(headers: readonly Header[]) {
  const entries = Object.entries(addressFields).map(
    ([field, name]) => [field, parseAddresses(headerValue(headers, name))] as const,
  );
  const people = Object.fromEntries(entries.map(([field, all]) => [field, all.slice(0, maxPeople)]));
  const omissions = entries
    .filter(([, all]) => all.length > maxPeople)
    .map(([field, { length }]) => {
      const count = length > maxParsedAddresses ? `over ${maxParsedAddresses}` : length;
      return `${field} names ${count} people; the first ${maxPeople} are shown.`;
    });
  return { people: people as Record<keyof typeof addressFields, Address[]>, omissions };
}

/** The first header lines, decoded, and a sentence where they are more than an answer holds. */
function toHeaderLines(headers: readonly Header[]): { lines: string; omissions: string[] } {
  const lines: string[] = [];
  let length = 0;
  for (const { name, value } of headers) {
    // Only the shown part is decoded: decoding could take long.
    const left = Math.max(0, maxHeaderCharacters - length);
    const shown = decodeEncodedWords(value.slice(0, left));
    lines.push(`${name}: ${shown}`);
    length += name.length + ": ".length + shown.length + Math.max(0, value.length - left) + 1;
  }
  return {
    lines: lines.join("\n").slice(0, maxHeaderCharacters).toWellFormed(),
    omissions:
      length - 1 > maxHeaderCharacters
        ? [`The headers have ${length - 1} characters; the first ${maxHeaderCharacters} are shown.`]
        : [],
  };
}

/** Says that `offset` is past the end; otherwise the email would seem to have no text. */
export function pastEndNote(offset: number, total: number): string[] {
  return offset > 0 && offset >= total
    ? [`The text ends at character ${total}: nothing is left at offset ${offset}.`]
    : [];
}

function cutNote(octets: number, goesOn: boolean): string[] {
  if (octets === 0) return [];
  const size = `${Math.ceil(octets / 1024)} KB`;
  return goesOn
    ? [`The text is longer than was fetched (${size} more), so the total is a lower bound.`]
    : [`The last ${size} of the text are too far in to be read here.`];
}

function countEarlier(headers: readonly Header[]): number {
  const ids = `${headerValue(headers, "references") ?? ""} ${headerValue(headers, "in-reply-to") ?? ""}`;
  return new Set(ids.match(/<[^<>\s]+>/g) ?? []).size;
}

function unnamed(type: string): string {
  if (type === "message/rfc822") return "attached email.eml";
  if (/^application\/(vnd\.)?ms-tnef$/.test(type)) return "winmail.dat";
  return /^(text\/rfc822-headers|message\/global-headers)$/.test(type) ? "original headers.txt" : "unnamed";
}

/** Base64 writes three octets as four, in lines of 76. */
const decodedShare: Record<string, number> = { base64: 0.74 };

export function toAttachment(attached: AttachedPart): Attachment {
  const { index, part, inline, inside } = attached;
  const share = decodedShare[(part.encoding ?? "").toLowerCase()] ?? 1;
  return {
    index,
    name: toSafeFileName(part.name ?? unnamed(part.type)),
    type: part.type,
    size: Math.round(part.size * share),
    inline,
    inside,
    email: part.attachedHeader,
  };
}
