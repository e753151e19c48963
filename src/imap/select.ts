/** SELECT (RFC 3501 section 6.3.1), in one round trip. */

import type { ImapFlow } from "imapflow";
import type { EmailRef } from "../email/email-id.ts";
import { AppError } from "../errors.ts";
import { toAppError } from "./failures.ts";

/** RFC 5530: the mailbox is there, and something is the matter with it. */
const troubleCodes: ReadonlySet<unknown> = new Set(["CORRUPTION", "CONTACTADMIN", "OVERQUOTA"]);

/**
 * Has `path` selected. A NO without one of these codes means there is no such mailbox for this account.
 * Throws mailbox_not_found and what mail/failures makes of the rest.
 */
export async function select(imap: ImapFlow, path: string): Promise<void> {
  const listed = passForListed(imap, path);
  try {
    await imap.mailboxOpen(path);
  } catch (error) {
    listed?.delete(path);
    const failure = toAppError(error, "imap");
    const code =
      error instanceof Error && "serverResponseCode" in error ? error.serverResponseCode : undefined;
    // CANNOT: not even a name that a mailbox could have.
    const isMissing = failure.code === "mail_server_failed" || code === "CANNOT";
    if (!isMissing || !isOrderly(error) || troubleCodes.has(code)) throw failure;
    throw new AppError("mailbox_not_found", "There is no such mailbox.", { cause: error });
  }
}

/**
 * imapflow asks LIST and LSUB before it first selects a mailbox it has not listed, for a delimiter and a use that
 * nobody here reads: two round trips of a new connection's first call. What it believes to be listed it selects.
 */
function passForListed(imap: ImapFlow, path: string): Map<unknown, unknown> | undefined {
  const folders: unknown = "folders" in imap ? imap.folders : undefined;
  if (!(folders instanceof Map) || folders.has(path)) return undefined;
  folders.set(path, { path });
  return folders;
}

/** Whether a failure leaves the connection in a known state: our own refusals, and the server's plain NO. */
export function isOrderly(error: unknown): boolean {
  if (error instanceof AppError)
    return !["mail_server_failed", "timed_out", "cancelled"].includes(error.code);
  return error instanceof Error && "responseStatus" in error && error.responseStatus === "NO";
}

/** The selected mailbox; `connections.use` selected it, so its absence is a bug. */
export function requireSelected(imap: ImapFlow) {
  if (!imap.mailbox) throw new Error("no mailbox is selected");
  // A count that no mailbox has would go on into sequence numbers and answers.
  if (!Number.isSafeInteger(imap.mailbox.exists) || imap.mailbox.exists < 0)
    throw new AppError("mail_server_failed", "The mail server tells an impossible number of emails.");
  return imap.mailbox;
}

/** Refuses an id from before the mailbox was renumbered (RFC 3501 section 2.3.1.1). Throws email_moved. */
export function requireSameValidity(imap: ImapFlow, ref: EmailRef): void {
  if (requireSelected(imap).uidValidity !== ref.uidValidity)
    throw new AppError("email_moved", "The mail server renumbered this mailbox since the id was given.");
}
