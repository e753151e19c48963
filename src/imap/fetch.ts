/** FETCH with answers in one shape: a part that the server sends as NIL is an empty part. */
import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { isHiddenUid } from "./private-mailboxes.ts";

/** Fetches emails of the selected mailbox by a set of UIDs. Emails that are not there are missing in the result. */
export async function fetchByUid(
  imap: ImapFlow,
  uids: string,
  query: FetchQueryObject,
): Promise<FetchMessageObject[]> {
  return withoutHiddenEmails(imap, await imap.fetchAll(uids, query, { uid: true })).map(fillEmptyParts);
}

/** Fetches emails of the selected mailbox by a set of sequence numbers. */
export async function fetchBySequence(
  imap: ImapFlow,
  numbers: string,
  query: FetchQueryObject,
): Promise<FetchMessageObject[]> {
  return withoutHiddenEmails(imap, await imap.fetchAll(numbers, query)).map(fillEmptyParts);
}

/** Fetches one email of the selected mailbox. Undefined when it is not there. */
export async function fetchOneByUid(
  imap: ImapFlow,
  uid: number,
  query: FetchQueryObject,
): Promise<FetchMessageObject | undefined> {
  if (isHiddenUid(imap, uid)) return undefined;
  const email = await imap.fetchOne(String(uid), query, { uid: true });
  return email ? fillEmptyParts(email) : undefined;
}

/** Leaves out emails that the person keeps private. */
function withoutHiddenEmails<Email extends { uid: number }>(
  imap: ImapFlow,
  emails: readonly Email[],
): Email[] {
  return emails.filter(({ uid }) => !isHiddenUid(imap, uid));
}

/** `size`: octets of the whole part as BODYSTRUCTURE states them, where they are known. */
type PartOctets = { key: string; start: number; maxLength: number; size?: number };

/**
 * Fetches octets of parts of one email, by their part numbers. A server may send fewer octets than asked for although
 * the part goes on (some stop at a limit of their own): then the rest is asked for until the part's size is reached or
 * nothing more comes. Undefined when the email is not there.
 */
export async function fetchPartOctets(
  imap: ImapFlow,
  uid: number,
  ranges: readonly PartOctets[],
): Promise<Map<string, Buffer> | undefined> {
  const found = new Map<string, Buffer>();
  for (let open = [...ranges]; open.length > 0; ) {
    const bodyParts = open.map(({ key, start, maxLength }) => ({ key, start, maxLength }));
    const email = await fetchOneByUid(imap, uid, { uid: true, bodyParts });
    if (!email) return undefined;
    open = open.flatMap((range) => {
      // imapflow answers part numbers in lower case, and the header of the email apart from them.
      const header = range.key === "HEADER" ? email.headers : undefined;
      const octets = email.bodyParts?.get(range.key.toLowerCase()) ?? header ?? Buffer.alloc(0);
      found.set(range.key, Buffer.concat([found.get(range.key) ?? Buffer.alloc(0), octets]));
      const start = range.start + octets.length;
      const maxLength = range.maxLength - octets.length;
      const goesOn = octets.length > 0 && maxLength > 0 && start < (range.size ?? 0);
      return goesOn ? [{ ...range, start, maxLength }] : [];
    });
  }
  return found;
}

/** RFC 3501 section 9: an nstring is a string or NIL, which imapflow passes on as false. */
export function fillEmptyParts(email: FetchMessageObject): FetchMessageObject {
  const empty = Buffer.alloc(0);
  for (const [key, octets] of email.bodyParts ?? []) if (!octets) email.bodyParts?.set(key, empty);
  if ("source" in email) email.source ||= empty;
  if ("headers" in email) email.headers ||= empty;
  return email;
}
