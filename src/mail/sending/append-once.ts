/** Appending an email of ours to a mailbox exactly once; it is found again by its Message-ID. */
import type { ImapFlow } from "imapflow";
import { toEmailId } from "../../email/email-id.ts";
import { AppError, quoted } from "../../errors.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { sendInOrder } from "../../imap/flights.ts";
import { atom, type SearchToken, searchString } from "../../imap/raw-search.ts";
import { isOrderly, requireSelected } from "../../imap/select.ts";
import { knownFacts } from "../../imap/server-memory.ts";
import { readFresh } from "../../imap/sync.ts";
import { uidSearch } from "../../imap/uid-search.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import type { Access } from "../access.ts";

/** An email of ours, and the flags that it gets. */
type OwnEmail = { raw: Uint8Array; messageId: string; flags: string[] };

/**
 * Appends an email and answers its id: from APPENDUID (RFC 4315), otherwise by searching for its Message-ID; undefined
 * where that finds nothing. When the answer is lost with the connection, a search tells whether the email arrived:
 * reporting a failure would make the caller append it a second time. Throws mail_server_failed and what `access.write`
 * throws.
 */
export async function appendOnce(
  access: Access,
  mailbox: string,
  email: OwnEmail,
): Promise<string | undefined> {
  const { id } = await appendAndLook(access, undefined, mailbox, email);
  return id;
}

/**
 * Appends an email as appendOnce does, and looks in the same flight whether the mailbox holds another one of its
 * Message-ID. `isOnly`: it holds this one alone; false also where that is not certain.
 */
export function appendOnly(
  access: Access,
  mailbox: string,
  email: OwnEmail,
): Promise<{ id: string | undefined; isOnly: boolean }> {
  return appendAndLook(access, mailbox, mailbox, email);
}

async function appendAndLook(
  access: Access,
  selected: string | undefined,
  mailbox: string,
  email: OwnEmail,
): Promise<{ id: string | undefined; isOnly: boolean }> {
  const find = async () => findAppended(access, mailbox, email.messageId);
  let sent = false;
  let uids: readonly number[] = [];
  const appended = await access
    .write(selected, async (imap) => {
      const append = (view: ImapFlow) => {
        sent = true;
        return view.append(mailbox, Buffer.from(email.raw), email.flags, new Date(access.clock.now()));
      };
      if (selected === undefined) return append(imap);
      const [filed, looked] = await sendInOrder(imap, append, () => searchById(imap, email.messageId));
      if (looked.status === "fulfilled") uids = looked.value;
      if (filed.status === "rejected") throw filed.reason;
      return filed.value;
    })
    .catch(async (error: unknown) => {
      const refused = error instanceof AppError && isOrderly(error.cause);
      if (!sent || refused) throw error;
      const id = await find().catch(() => {
        throw toUncertain(error);
      });
      if (id === undefined) throw error;
      return id;
    });
  if (typeof appended === "string") return { id: appended, isOnly: false };
  if (!appended)
    throw new AppError("mail_server_failed", `The mail server did not take it into ${quoted(mailbox)}.`);
  const { uid, uidValidity } = appended;
  if (uid === undefined || uidValidity === undefined)
    return { id: await find().catch(toUnknown), isOnly: false };
  const id = toEmailId({ accountTag: access.accountTag, mailbox, uidValidity, uid });
  return { id, isOnly: uids.length === 1 && uids[0] === uid };
}

/** The failure of an APPEND whose answer was lost, where the mailbox cannot be searched for the email either. */
function toUncertain(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  const { code, message, hint, cause } = error;
  return new AppError(code, `${message} It may be there all the same.`, { hint, cause });
}

/** It is appended, whatever became of the look for its id. A bug is thrown. */
function toUnknown(error: unknown): undefined {
  if (!(error instanceof AppError)) throw error;
}

/** The id of the newest email with this Message-ID in a mailbox. */
export function findAppended(
  access: Access,
  mailbox: string,
  messageId: string,
): Promise<string | undefined> {
  return access.read(mailbox, async (imap) => {
    const newest = (await findByMessageId(imap, messageId)).at(-1);
    return newest === undefined ? undefined : access.toId(imap, newest);
  });
}

/** Emails in which an appended one is looked for, the newest. */
const newestCount = 500;
/** Emails whose Message-IDs are compared at most, the newest. */
const maxCompared = 50;

/** One search for a Message-ID among the newest emails of the selected mailbox. */
function searchById(imap: ImapFlow, messageId: string, newest = newestCount): Promise<number[]> {
  const hasId = [atom("HEADER"), atom("Message-ID"), searchString(messageId)];
  return uidSearch(imap, [...newestRange(imap, newest), ...hasId]);
}

/**
 * UIDs of the emails with this Message-ID among the `newest` of the selected mailbox, oldest first.
 * Throws mail_server_failed.
 */
export async function findByMessageId(
  imap: ImapFlow,
  messageId: string,
  newest = newestCount,
): Promise<number[]> {
  // The email was appended just now: searching the newest ones spares a large mailbox a full search.
  const found = await readFresh(imap, async () => {
    return searchById(imap, messageId, newest).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== "unsupported_query") throw error;
      // A server that refuses HEADER: the ids of the newest emails are compared here.
      return uidSearch(imap, newestRange(imap, newest));
    });
  });
  if (found.length === 0 || (found.length === 1 && !knownFacts(imap).has("refuses_header"))) return found;
  // Two are rare. Some servers ignore HEADER in a search and return every email, so the ids are compared here.
  const few = toUidSet(found.slice(-maxCompared));
  const emails = await fetchByUid(imap, few, { uid: true, envelope: true });
  return emails.filter(({ envelope }) => envelope?.messageId === messageId).map(({ uid }) => uid);
}

/** SEARCH keys for the newest emails of the selected mailbox. By number: mailutils finds nothing by `UID n:*`. */
function newestRange(imap: ImapFlow, newest: number): SearchToken[] {
  const { exists } = requireSelected(imap);
  return exists <= newest ? [atom("ALL")] : [{ type: "SEQUENCE", value: `${exists - newest + 1}:*` }];
}
