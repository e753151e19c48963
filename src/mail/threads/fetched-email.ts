/** One email of a conversation as it is fetched: all that is shown of it but its text, and the ids that link it. */
import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { type EmailContents, toEmailContents } from "../../email/email-contents.ts";
import { decodeHeaderText, type Header, headerValue, parseHeaders, toIsoDate } from "../../email/headers.ts";
import { charsetOf, emptyPart, toPart } from "../../email/part.ts";
import { type ThreadKeys, threadHeaders, toThreadKeys } from "../../email/thread-keys.ts";
import { formatTime, lowerCaseFlags, toReceivedAt } from "../../imap/fetched-values.ts";
import type { Access } from "../access.ts";

export type FetchedEmail = ThreadKeys & {
  mailbox: string;
  uid: number;
  id: string;
  /** What all copies of it share. */
  same: string;
  headers: readonly Header[];
  at: number;
  date: string;
  unread: boolean;
  draft: boolean;
  contents: EmailContents;
  /** Octets that came along of its parts, from their beginnings: all of a part that has fewer than `bodyOctets`. */
  bodies: ReadonlyMap<string, Buffer>;
};

const query: FetchQueryObject = {
  uid: true,
  flags: true,
  internalDate: true,
  bodyStructure: true,
  threadId: true,
  headers: ["from", "to", "cc", "subject", "date", ...threadHeaders],
};

/** Octets of each text part that come along where an email's text is likely to be shown. */
export const bodyOctets = 32_768;

/** All that is shown of an email, if its text is in the parts `keys`. */
export const withBodies = (keys: readonly string[]): FetchQueryObject => ({
  ...query,
  ...(keys.length > 0 ? { bodyParts: keys.map((key) => ({ key, start: 0, maxLength: bodyOctets })) } : {}),
});

export function toFetchedEmail(
  access: Access,
  imap: ImapFlow,
  mailbox: string,
  email: FetchMessageObject,
): FetchedEmail {
  const root = email.bodyStructure ? toPart(email.bodyStructure) : emptyPart;
  const headers = parseHeaders(email.headers ?? Buffer.alloc(0), charsetOf(root));
  const date = toIsoDate(headerValue(headers, "date")) ?? formatTime(toReceivedAt(email));
  const flags = lowerCaseFlags(email);
  const id = access.toId(imap, email.uid);
  const links = toThreadKeys(headers, decodeHeaderText(headerValue(headers, "subject")), email.threadId);
  return {
    ...links,
    ...{ mailbox, uid: email.uid, id, headers, date },
    same: links.messageId || email.emailId || id,
    at: Date.parse(date),
    unread: !flags.has("\\seen"),
    draft: flags.has("\\draft"),
    contents: toEmailContents(root),
    bodies: email.bodyParts ?? new Map(),
  };
}

export function toLinks({ messageId, ids, subject, threadId }: FetchedEmail): ThreadKeys {
  return { messageId, ids, subject, ...(threadId ? { threadId } : {}) };
}
