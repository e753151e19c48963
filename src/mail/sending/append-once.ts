/** Appending an email of ours to a mailbox exactly once; it is found again by its Message-ID. */
import type { ImapFlow } from "imapflow";
import { toEmailId } from "../../email/email-id.ts";
import { AppError, quoted } from "../../errors.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { atom, type SearchToken, searchString } from "../../imap/raw-search.ts";
import { isOrderly, requireSelected } from "../../imap/select.ts";
import { knownFacts } from "../../imap/server-memory.ts";
import { readFresh } from "../../imap/sync.ts";
import { uidSearch } from "../../imap/uid-search.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import type { Access } from "../access.ts";

/**
 * Appends an email and answers its id: from APPENDUID (RFC 4315), otherwise by searching for its Message-ID; undefined
 * where that finds nothing. When the answer is lost with the connection, a search tells whether the email arrived:
 * reporting a failure would make the caller append it a second time. Throws mail_server_failed and what `access.write`
 * throws.
 */
export async function appendOnce(
  access: Access,
  mailbox: string,
  email: { raw: Uint8Array; messageId: string },
  flags: string[],
): Promise<string | undefined> {
  const find = () => findAppended(access, mailbox, email.messageId);
  let sent = false;
  const appended = await access
    .write(undefined, (imap) => {
      sent = true;
      return imap.append(mailbox, Buffer.from(email.raw), flags, new Date(access.clock.now()));
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
  if (typeof appended === "string") return appended;
  if (!appended)
    throw new AppError("mail_server_failed", `The mail server did not take it into ${quoted(mailbox)}.`);
  const { uid, uidValidity } = appended;
  if (uid !== undefined && uidValidity !== undefined)
    return toEmailId({ accountTag: access.accountTag, mailbox, uidValidity, uid });
  return find().catch(toUnknown);
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

/** Emails whose Message-IDs are compared at most, the newest. */
const maxCompared = 50;

/**
 * UIDs of the emails with this Message-ID among the `newest` of the selected mailbox, oldest first.
 * Throws mail_server_failed.
 */
export async function findByMessageId(imap: ImapFlow, messageId: string, newest = 500): Promise<number[]> {
  // The email was appended just now: searching the newest ones spares a large mailbox a full search.
  const found = await readFresh(imap, async () => {
    const range = newestRange(imap, newest);
    const hasId = [atom("HEADER"), atom("Message-ID"), searchString(messageId)];
    return uidSearch(imap, [...range, ...hasId]).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== "unsupported_query") throw error;
      // A server that refuses HEADER: the ids of the newest emails are compared here.
      return uidSearch(imap, range);
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
