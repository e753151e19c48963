/** One email, readable: its facts and its text, in one round trip when it was listed before, else in two. */
import type { FetchQueryObject } from "imapflow";
import { type AttachedPart, toEmailContents } from "../../email/email-contents.ts";
import { toSafeFileName } from "../../email/file-name.ts";
import {
  decodeEncodedWords,
  decodeHeaderText,
  headerValue,
  parseAddresses,
  parseHeaders,
  toIsoDate,
} from "../../email/headers.ts";
import { unsubscribeTargets } from "../../email/list-unsubscribe.ts";
import { charsetOf, emptyPart, toPart } from "../../email/part.ts";
import { toSenderChecks } from "../../email/sender-checks.ts";
import { mayBeForward } from "../../email/subject.ts";
import { toThreadKeys } from "../../email/thread-keys.ts";
import { isoOf, lowerCaseFlags, receivedAt } from "../../imap/fetched-values.ts";
import { noteEmail } from "../../imap/mailbox-cache.ts";
import { requireSameValidity } from "../../imap/select.ts";
import { fetchOneFresh } from "../../imap/sync.ts";
import { firstBytes, readBody, textParts } from "../../readable/body.ts";
import type { Access } from "../access.ts";
import type { Attachment, Email, MailReading } from "../reading.ts";

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
];

/** More of either is a mailing that lists everybody, or an attack: what is left out is said. */
const maxPeople = 100;
const maxHeaderCharacters = 40_000;

export async function getEmail(
  access: Access,
  request: Parameters<MailReading["getEmail"]>[0],
): Promise<Email> {
  const ref = access.toRef(request.id);
  return access.read(ref.mailbox, async (imap, notes) => {
    requireSameValidity(imap, ref);
    // The list or search that gave the id has seen which parts are its text: then one round trip brings all.
    const expected = notes.textParts.get(ref.uid) ?? [];
    const query: FetchQueryObject = {
      uid: true,
      flags: true,
      size: true,
      internalDate: true,
      bodyStructure: true,
      threadId: true,
      headers: request.headers ? true : shownHeaders,
      ...(expected.length > 0
        ? { bodyParts: expected.map((key) => ({ key, start: 0, maxLength: firstBytes })) }
        : {}),
    };
    const found = await fetchOneFresh(imap, ref.uid, query);
    const contents = toEmailContents(found.bodyStructure ? toPart(found.bodyStructure) : emptyPart);
    const headers = parseHeaders(found.headers ?? Buffer.alloc(0), charsetOf(contents.root));
    const flags = lowerCaseFlags(found);
    const subject = decodeHeaderText(headerValue(headers, "subject"));
    const until = request.offset + request.maxCharacters;
    const asked = { format: request.format, until, forward: mayBeForward(subject) };
    const rendered = await readBody(imap, ref.uid, contents, asked, new Map(found.bodyParts ?? []));
    const body = rendered.text.slice(request.offset, request.offset + request.maxCharacters).toWellFormed();
    const end = Math.min(request.offset + body.length, rendered.text.length);
    // Its conversation may be asked for next.
    const links = toThreadKeys(headers, subject, found.threadId);
    noteEmail(notes, ref.uid, { parts: textParts(contents), links });
    const messageId = decodeHeaderText(headerValue(headers, "message-id"));
    const leftOut: string[] = [];
    const people = (name: string) => {
      const all = parseAddresses(headerValue(headers, name));
      if (all.length > maxPeople)
        leftOut.push(`${name} names ${all.length} people; the first ${maxPeople} are shown.`);
      return all.slice(0, maxPeople);
    };
    const lines = request.headers
      ? headers.map(({ name, value }) => `${name}: ${decodeEncodedWords(value)}`).join("\n")
      : undefined;
    if (lines !== undefined && lines.length > maxHeaderCharacters)
      leftOut.push(
        `The headers have ${lines.length} characters; the first ${maxHeaderCharacters} are shown.`,
      );
    return {
      id: request.id,
      mailbox: ref.mailbox,
      from: people("from"),
      replyTo: people("reply-to"),
      to: people("to"),
      cc: people("cc"),
      bcc: people("bcc"),
      subject,
      date: toIsoDate(headerValue(headers, "date")) ?? isoOf(receivedAt(found)),
      ...(messageId ? { messageId } : {}),
      unread: !flags.has("\\seen"),
      flagged: flags.has("\\flagged"),
      answered: flags.has("\\answered"),
      draft: flags.has("\\draft"),
      size: found.size ?? 0,
      sender: toSenderChecks(headers),
      earlier: countEarlier(headers),
      unsubscribe: unsubscribeTargets(headers),
      format: request.format,
      body,
      offset: Math.min(request.offset, rendered.text.length),
      end,
      total: rendered.text.length,
      ...(end < rendered.text.length ? { nextOffset: end } : {}),
      attachments: contents.attachments.map(toAttachment),
      notes: [
        ...leftOut,
        ...pastEndNote(request.offset, rendered.text.length),
        ...rendered.notes,
        ...cutNote(rendered.cutOctets, end < rendered.text.length),
      ],
      ...(lines === undefined ? {} : { headers: lines.slice(0, maxHeaderCharacters).toWellFormed() }),
    };
  });
}

/** Else it would look as if the email had no text. */
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

function countEarlier(headers: ReturnType<typeof parseHeaders>): number {
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
    ...(inside === undefined ? {} : { inside }),
    ...(part.attachedHeader ? { email: part.attachedHeader } : {}),
  };
}
