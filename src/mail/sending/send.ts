/**
 * Sends a finished email: submitted once, then exactly one copy in Sent. What goes wrong after the server took it is
 * a warning in a successful answer, never a second try.
 */

import type { Composed } from "../../compose/composed-email.ts";
import type { ConnectionOwner } from "../../credentials.ts";
import { AppError } from "../../errors.ts";
import type { Submissions } from "../../smtp/submissions.ts";
import type { Access } from "../access.ts";
import { toMailboxPath } from "../mailboxes.ts";
import { createOrganizing } from "../organize/organize.ts";
import type { Sent } from "../writing.ts";
import { file, findByMessageId, requireRoleMailbox } from "./file-copy.ts";

export type SendDeps = {
  owner: ConnectionOwner;
  submissions: Submissions;
  /** The call's deadline and the caller's going away: ends the work until the server has the email. */
  signal: AbortSignal;
  /** The same account for what follows the sending, whoever still listens. */
  afterwards: () => Access;
  access: Access;
  /** The provider puts sent mail into Sent by itself. */
  filesSentMail: boolean;
};

/** Submits, files the copy, marks what was answered, removes the draft. Throws what `Submissions.submit` throws. */
export async function send(deps: SendDeps, composed: Composed, draftId: string | undefined): Promise<Sent> {
  const { owner, submissions, signal } = deps;
  if (composed.recipients.length === 0)
    throw new AppError("invalid_input", "The email has no recipient.", {
      hint: "Name at least one in `to`.",
    });
  // Which mailbox is Sent is asked, and that one selected, while the server takes the email.
  const sentMailbox = requireRoleMailbox(deps.access, "sent")
    .then((path) => deps.access.read(path, async () => path))
    .catch(toWarning);
  // A bug in it is thrown below; when nothing is sent, nobody gets there, and it must not end the process.
  sentMailbox.catch(() => {});
  const { accepted, refused } = await submissions.submit(
    owner,
    { from: owner.credentials.address, recipients: composed.recipients, raw: composed.raw },
    signal,
  );
  const access = deps.afterwards();
  const [copy, removal] = await Promise.all([
    sentMailbox
      // The caller may have gone away while Sent was looked for: it is looked for once more.
      .then((mailbox) => (mailbox instanceof AppError ? requireRoleMailbox(access, "sent") : mailbox))
      .then((mailbox) => fileCopy(deps, access, mailbox, composed))
      .catch(toWarning),
    draftId === undefined ? [] : removeDraft(access, draftId),
    markAnswered(access, composed),
  ]);
  const unfiled =
    copy instanceof AppError
      ? [`The email was sent, but its copy could not be put into Sent: ${copy.message} Do not send it again.`]
      : [];
  return {
    messageId: composed.messageId,
    accepted,
    refused,
    warnings: [...composed.notes, ...unfiled, ...removal],
    ...(copy instanceof AppError ? {} : { copyIn: copy }),
  };
}

/** Exactly one copy, by Message-ID: none is added where the server filed it itself. Answers the mailbox. */
async function fileCopy(
  deps: SendDeps,
  access: Access,
  mailbox: string,
  composed: Composed,
): Promise<string> {
  const { messageId } = composed;
  const present = await access.read(mailbox, async (imap) => {
    // Gmail files by itself whatever way the account was connected.
    if (deps.filesSentMail || imap.capabilities.has("X-GM-EXT-1")) return true;
    // With UIDPLUS a second copy can be removed again, which is looked for once ours is there.
    return !imap.capabilities.has("UIDPLUS") && (await findByMessageId(imap, messageId)).length > 0;
  });
  if (present) return mailbox;
  const id = await file(access, mailbox, { raw: composed.copy, messageId }, ["\\Seen"]);
  if (id !== undefined) await removeSecond(access, mailbox, messageId, id);
  return mailbox;
}

/** The server may have filed its own copy while ours was on its way: then ours goes again. */
async function removeSecond(access: Access, mailbox: string, messageId: string, id: string): Promise<void> {
  const twice = await access.read(mailbox, async (imap) => {
    const found = await findByMessageId(imap, messageId);
    return found.length > 1 && imap.capabilities.has("UIDPLUS");
  });
  if (twice) await createOrganizing(access).deleteEmails([id], true);
}

async function removeDraft(access: Access, draftId: string): Promise<string[]> {
  try {
    const { notes } = await createOrganizing(access).deleteEmails([draftId], true);
    return notes;
  } catch (error) {
    const { code, message } = toWarning(error);
    // Gone is what it should be.
    return code === "email_not_found" ? [] : [`The draft could not be removed from Drafts: ${message}`];
  }
}

/** \Answered and $Forwarded (RFC 5788) on what it builds on, as mail programs do. Nothing depends on it. */
async function markAnswered(access: Access, composed: Composed): Promise<void> {
  const { answers, forwards, answersMessageId } = composed;
  try {
    const organizing = createOrganizing(access);
    if (answers) await organizing.changeFlags([answers], { add: ["\\Answered"], remove: [] });
    if (forwards) await organizing.changeFlags([forwards], { add: ["$Forwarded"], remove: [] });
    if (answers || !answersMessageId) return;
    const inbox = await toMailboxPath(access, "inbox");
    const ids = await access.read(inbox, async (imap) =>
      (await findByMessageId(imap, answersMessageId, 2000)).map((uid) => access.toId(imap, uid)),
    );
    if (ids.length > 0) await organizing.changeFlags(ids, { add: ["\\Answered"], remove: [] });
  } catch {
    // The email is sent; a mark on another one is not worth a word.
  }
}

/** The reason something could not be done after the sending. Bugs are no warnings. */
function toWarning(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}
