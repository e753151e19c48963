/** SELECT (RFC 3501 section 6.3.1), in one round trip. */

import type { ImapFlow, MailboxObject } from "imapflow";
import type { EmailRef } from "../email/email-id.ts";
import { AppError } from "../errors.ts";
import { toImapError } from "./failures.ts";

/** RFC 5530 codes for a mailbox that exists and has a problem. */
const troubleCodes: ReadonlySet<unknown> = new Set(["CORRUPTION", "CONTACTADMIN", "OVERQUOTA"]);

/**
 * Selects a mailbox by its path, and returns what SELECT told of it. A NO without one of `troubleCodes` means that the account has no such mailbox.
 * Throws mailbox_not_found and the errors of toImapError.
 */
export async function selectMailbox(imap: ImapFlow, path: string): Promise<MailboxObject> {
  const knownNamespace = imap.namespace;
  const listed = markAsListed(imap, path);
  try {
    return await imap.mailboxOpen(path);
  } catch (error) {
    listed?.delete(path);
    const failure = toImapError(error, "command");
    const code =
      error instanceof Error && "serverResponseCode" in error ? error.serverResponseCode : undefined;
    // CANNOT: the name is not a possible mailbox name.
    const isMissing = failure.code === "mail_server_failed" || code === "CANNOT";
    if (!isMissing || !isOrderly(error) || troubleCodes.has(code)) throw failure;
    // Sent before the namespace was known, whose prefix imapflow adds to a path without it.
    if (!knownNamespace && imap.namespace?.prefix && !path.startsWith(imap.namespace.prefix))
      return selectMailbox(imap, path);
    // INBOX always exists (RFC 3501 section 5.1); NetEase refuses it to programs that it does not know.
    if (path.toUpperCase() === "INBOX")
      throw new AppError("mail_server_failed", "The mail server does not open the inbox.", {
        cause: error,
        hint: "The mail company may have to allow this program; look for a notice in its web mail or settings.",
      });
    throw new AppError("mailbox_not_found", "There is no such mailbox.", { cause: error });
  }
}

/**
 * Makes imapflow skip LIST and LSUB, which it sends before it selects a mailbox that it has not listed, for a delimiter
 * and a special use that are not read here: two round trips of a new connection's first call.
 */
function markAsListed(imap: ImapFlow, path: string): Map<unknown, unknown> | undefined {
  const folders: unknown = "folders" in imap ? imap.folders : undefined;
  if (!(folders instanceof Map) || folders.has(path)) return undefined;
  folders.set(path, { path });
  return folders;
}

const currentKey = Symbol("current");

/** Notes that a mailbox was selected in this lease, so that its state needs no NOOP, or that it was selected before. */
export function noteCurrent(imap: ImapFlow, isCurrent: boolean): void {
  Object.assign(imap, { [currentKey]: isCurrent });
}

/** True once after `noteCurrent(imap, true)`: the first work after SELECT reads the mailbox as SELECT told it. */
export function takeCurrent(imap: ImapFlow): boolean {
  const isCurrent = currentKey in imap && imap[currentKey] === true;
  noteCurrent(imap, false);
  return isCurrent;
}

/** True for a failure that leaves the connection in a known state: our own refusals, and the server's NO. */
export function isOrderly(error: unknown): boolean {
  if (error instanceof AppError)
    return !["mail_server_failed", "timed_out", "cancelled"].includes(error.code);
  return error instanceof Error && "responseStatus" in error && error.responseStatus === "NO";
}

/** Returns the selected mailbox. Throws an Error without one, since `connections.use` selects it. */
export function requireSelected(imap: ImapFlow) {
  if (!imap.mailbox) throw new Error("no mailbox is selected");
  // An impossible count would end up in sequence numbers and answers.
  if (!Number.isSafeInteger(imap.mailbox.exists) || imap.mailbox.exists < 0)
    throw new AppError("mail_server_failed", "The mail server tells an impossible number of emails.");
  // RFC 3501 section 6.3.1: without it UIDs identify nothing, and an id could name another email.
  const { uidValidity } = imap.mailbox;
  if (typeof uidValidity !== "bigint" || uidValidity < 1n || uidValidity > maxUidValidity)
    throw new AppError(
      "mail_server_failed",
      "The mail server states no valid UIDVALIDITY for this mailbox.",
      {
        hint: "Without it emails have no reliable ids. The operator of the mail server may be able to repair the mailbox.",
      },
    );
  return imap.mailbox;
}

/** Servers with 64 bits exist; ids hold no more. */
const maxUidValidity = 2n ** 63n - 1n;

/** Requires an id from after the mailbox was last renumbered (RFC 3501 section 2.3.1.1). Throws email_moved. */
export function requireSameValidity(imap: ImapFlow, ref: EmailRef): void {
  if (requireSelected(imap).uidValidity !== ref.uidValidity)
    throw new AppError("email_moved", "The mail server renumbered this mailbox since the id was given.");
}
