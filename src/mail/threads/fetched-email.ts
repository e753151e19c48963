/** One email of a thread as fetched: all that get_thread shows of it except its text, and the ids that link it. */
import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { type EmailContents, toEmailContents } from "../../email/email-contents.ts";
import { decodeHeaderText, type Header, headerValue, parseHeaders, toIsoDate } from "../../email/headers.ts";
import { charsetOf, emptyPart, toPart } from "../../email/part.ts";
import { type ThreadKeys, threadHeaders, toThreadKeys } from "../../email/thread-keys.ts";
import { formatUtcTime, lowerCaseFlags, toReceivedAt } from "../../imap/fetched-values.ts";
import type { Access } from "../access.ts";

export type FetchedEmail = ThreadKeys & {
  mailbox: string;
  uid: number;
  id: string;
  /** Key that all copies of the email share. */
  same: string;
  headers: readonly Header[];
  /** `date` in milliseconds. */
  at: number;
  date: string;
  unread: boolean;
  draft: boolean;
  /** Marked as deleted, as the original of a copy is where the server cannot move. */
  deleted: true | undefined;
  /** False where the server did not send BODYSTRUCTURE: then `contents` is empty. */
  hasStructure: boolean;
  contents: EmailContents;
  /** Octets of its parts that were fetched along, from their beginnings; a part of fewer than `bodyOctets` is complete. */
  bodies: ReadonlyMap<string, Buffer>;
};

const query: FetchQueryObject = {
  uid: true,
  flags: true,
  internalDate: true,
  bodyStructure: true,
  threadId: true,
  headers: ["from", "to", "cc", "subject", "date", "content-language", ...threadHeaders],
};

/** Octets of each text part that are fetched along for emails whose text is likely to be shown. */
export const bodyOctets = 32_768;

/** The FETCH for an email, with its text if that is in the parts `keys`. */
export const withBodies = (keys: readonly string[]): FetchQueryObject => ({
  ...query,
  bodyParts: keys.length > 0 ? keys.map((key) => ({ key, start: 0, maxLength: bodyOctets })) : undefined,
});

/** Converts a FETCH answer to `withBodies`, of an email in the selected mailbox `mailbox`. */

export function toFetchedEmail(
  access: Access,
  imap: ImapFlow,
  mailbox: string,
  email: FetchMessageObject,
): FetchedEmail {
  const root = email.bodyStructure ? toPart(email.bodyStructure) : emptyPart;
  const headers = parseHeaders(email.headers ?? Buffer.alloc(0), charsetOf(root));
  const date = toIsoDate(headerValue(headers, "date")) ?? formatUtcTime(toReceivedAt(email));
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
    deleted: flags.has("\\deleted") || undefined,
    hasStructure: Boolean(email.bodyStructure),
    contents: toEmailContents(root),
    bodies: email.bodyParts ?? new Map(),
  };
}

export function threadKeysOf({ messageId, ids, subject, threadId }: FetchedEmail): ThreadKeys {
  return { messageId, ids, subject, threadId };
}
