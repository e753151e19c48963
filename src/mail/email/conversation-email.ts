/** One email of a conversation as it is fetched: all that is shown of it but its text, and the ids that link it. */
import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import type { Access } from "../access.ts";
import { emptyPart, isoOf, lowerCaseFlags, receivedAt } from "../search/rows.ts";
import { partsToRead } from "../text/body.ts";
import { type Header, headerValue, parseHeaders, toIsoDate, toText } from "../text/headers.ts";
import { type Anatomy, charsetOf, toAnatomy, toPart } from "./structure.ts";

export type Found = {
  mailbox: string;
  uid: number;
  id: string;
  messageId: string;
  /** What all copies of it share. */
  same: string;
  /** Every id it names, its own first. */
  ids: readonly string[];
  headers: readonly Header[];
  subject: string;
  at: number;
  date: string;
  unread: boolean;
  draft: boolean;
  anatomy: Anatomy;
  /** Octets that came along of its parts, from their beginnings: all of a part that has fewer than `bodyOctets`. */
  bodies: ReadonlyMap<string, Buffer>;
};

const linkHeaders = ["message-id", "in-reply-to", "references"];
const query: FetchQueryObject = {
  uid: true,
  flags: true,
  internalDate: true,
  bodyStructure: true,
  headers: ["from", "to", "cc", "subject", "date", ...linkHeaders],
};

/** Octets of each text part that come along where an email's text is likely to be shown. */
export const bodyOctets = 32_768;

/** All that is shown of an email, if its text is in the parts `keys`. */
export const withBodies = (keys: readonly string[]): FetchQueryObject => ({
  ...query,
  ...(keys.length > 0 ? { bodyParts: keys.map((key) => ({ key, start: 0, maxLength: bodyOctets })) } : {}),
});

export function toFound(access: Access, imap: ImapFlow, mailbox: string, email: FetchMessageObject): Found {
  const root = email.bodyStructure ? toPart(email.bodyStructure) : emptyPart;
  const headers = parseHeaders(email.headers ?? Buffer.alloc(0), charsetOf(root));
  const date = toIsoDate(headerValue(headers, "date")) ?? isoOf(receivedAt(email));
  const flags = lowerCaseFlags(email);
  const id = access.toId(imap, email.uid);
  const ids = linkHeaders.flatMap((name) => endsOf(idsIn(headerValue(headers, name))));
  const [messageId = ""] = idsIn(headerValue(headers, "message-id"));
  return {
    ...{ mailbox, uid: email.uid, id, messageId, headers, date },
    same: messageId || email.emailId || id,
    ids: [...new Set(ids)],
    subject: toText(headerValue(headers, "subject")),
    at: Date.parse(date),
    unread: !flags.has("\\seen"),
    draft: flags.has("\\draft"),
    anatomy: toAnatomy(root),
    bodies: email.bodyParts ?? new Map(),
  };
}

/** The parts that its text is in. */
export const textParts = ({ anatomy }: Pick<Found, "anatomy">): string[] =>
  partsToRead(anatomy, "markdown").map(({ part }) => part);

/** A conversation's first emails and the last ones; what names more drowns the ids that lead on. */
const endsOf = (ids: readonly string[]) => [...ids.slice(0, 50), ...ids.slice(50).slice(-50)];

const idsIn = (value = ""): string[] => value.match(/<[^<>\s]{1,500}>/g) ?? [];
