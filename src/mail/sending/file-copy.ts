/** Putting an email of ours into a mailbox: once, found again by its Message-ID. */
import type { ImapFlow } from "imapflow";
import { toEmailId } from "../../email/email-id.ts";
import { AppError, quoted } from "../../errors.ts";
import { isOrderly, requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import type { Access } from "../access.ts";
import { toMailboxPath } from "../mailboxes.ts";
import { toUidSet } from "../organize/email-groups.ts";

/** The path of a role's mailbox; made under its usual name where the account has none yet. */
export async function requireRoleMailbox(access: Access, role: "drafts" | "sent"): Promise<string> {
  try {
    return await toMailboxPath(access, role);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "mailbox_not_found") throw error;
    const name = role === "drafts" ? "Drafts" : "Sent";
    return access.write(undefined, async (imap) => (await imap.mailboxCreate(name)).path);
  }
}

/**
 * Appends, and answers the new email's id: from APPENDUID (RFC 4315), else by looking for its Message-ID. When the
 * answer is lost with the connection, a look tells whether it is there: said to have failed, it would come twice.
 */
export async function file(
  access: Access,
  mailbox: string,
  email: { raw: Uint8Array; messageId: string },
  flags: string[],
): Promise<string | undefined> {
  const find = () =>
    access.read(mailbox, async (imap) => {
      const newest = (await findByMessageId(imap, email.messageId)).at(-1);
      return newest === undefined ? undefined : access.toId(imap, newest);
    });
  let sent = false;
  const appended = await access
    .write(undefined, (imap) => {
      sent = true;
      return imap.append(mailbox, Buffer.from(email.raw), flags, new Date(access.clock.now()));
    })
    .catch(async (error: unknown) => {
      const refused = error instanceof AppError && isOrderly(error.cause);
      const id = sent && !refused ? await find().catch(() => undefined) : undefined;
      if (id === undefined) throw error;
      return id;
    });
  if (typeof appended === "string") return appended;
  if (!appended)
    throw new AppError("mail_server_failed", `The mail server did not take it into ${quoted(mailbox)}.`);
  const { uid, uidValidity } = appended;
  if (uid !== undefined && uidValidity !== undefined)
    return toEmailId({ accountTag: access.accountTag, mailbox, uidValidity, uid });
  return find();
}

/** UIDs of the newest emails of the selected mailbox that have this Message-ID, oldest first. */
export async function findByMessageId(imap: ImapFlow, messageId: string, newest = 500): Promise<number[]> {
  // What we look for was filed just now: the newest are enough, and a large mailbox need not be searched.
  const found = await readFresh(imap, () => {
    const from = Math.max(1, requireSelected(imap).uidNext - newest);
    return imap.search({ uid: `${from}:*`, header: { "message-id": messageId } }, { uid: true });
  });
  if (!found) throw new AppError("mail_server_failed", "The mail server did not answer a search.");
  if (found.length < 2) return found;
  // Rarely two; there are servers that do not look into headers and name whatever they have.
  const few = toUidSet(found.slice(-20));
  const emails = await imap.fetchAll(few, { uid: true, envelope: true }, { uid: true });
  return emails.filter(({ envelope }) => envelope?.messageId === messageId).map(({ uid }) => uid);
}
