/** One email of a conversation as it is fetched: all that is shown of it but its text, and the ids that link it. */
import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import type { Access } from "../access.ts";
import { emptyPart, isoOf, lowerCaseFlags, receivedAt } from "../search/rows.ts";
import { type Header, headerValue, parseHeaders, toIsoDate, toText } from "../text/headers.ts";
import { type Anatomy, toAnatomy, toPart } from "./structure.ts";

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
};

const linkHeaders = ["message-id", "in-reply-to", "references"];
export const query: FetchQueryObject = {
  uid: true,
  flags: true,
  internalDate: true,
  bodyStructure: true,
  headers: ["from", "to", "cc", "subject", "date", ...linkHeaders],
};

export function toFound(access: Access, imap: ImapFlow, mailbox: string, email: FetchMessageObject): Found {
  const headers = parseHeaders(email.headers ?? Buffer.alloc(0));
  const root = email.bodyStructure ? toPart(email.bodyStructure) : emptyPart;
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
  };
}

/** A conversation's first emails and the last ones; what names more drowns the ids that lead on. */
const endsOf = (ids: readonly string[]) => [...ids.slice(0, 50), ...ids.slice(50).slice(-50)];

const idsIn = (value = ""): string[] => value.match(/<[^<>\s]{1,500}>/g) ?? [];
