/**
 * Sends a finished email: submits it once, then files exactly one copy in Sent. A failure after the submission server
 * accepted the email is a warning in a successful answer, never a second submission.
 */
import type { ComposedEmail } from "../../compose/email-request.ts";
import type { ConnectionOwner } from "../../credentials.ts";
import { AppError } from "../../errors.ts";
import { knownFacts } from "../../imap/server-memory.ts";
import type { Submissions } from "../../smtp/submissions.ts";
import type { Access } from "../access.ts";
import { toMailboxPath, withRoleMailbox } from "../mailbox-paths.ts";
import { createOrganizing } from "../organize/organize.ts";
import type { Sent } from "../writing.ts";
import { appendOnce, findByMessageId } from "./append-once.ts";

export type SendDeps = {
  owner: ConnectionOwner;
  submissions: Submissions;
  /** Fires at the deadline of the call or when the caller disconnects; ends the work until the server has the email. */
  signal: AbortSignal;
  /** Access for the work after the submission, which goes on when the caller has disconnected. */
  afterwards: () => Access;
  access: Access;
  /** The provider files a copy in Sent by itself. */
  filesSentMail: boolean;
};

/** Submits, files the copy, marks the answered email, removes the draft. Throws what `Submissions.submit` throws. */
export async function send(
  deps: SendDeps,
  composed: ComposedEmail,
  draftId: string | undefined,
): Promise<Sent> {
  const { owner, submissions, signal } = deps;
  if (composed.recipients.length === 0)
    throw new AppError("invalid_input", "The email has no recipient.", {
      hint: "Name at least one in `to`.",
    });
  // Sent is looked up and selected while the submission server takes the email.
  const sentMailbox = withRoleMailbox(deps.access, "sent", (path) =>
    deps.access.read(path, async () => path),
  ).catch(toWarning);
  // A bug here is thrown below. When the submission fails first, an unhandled rejection must not end the process.
  sentMailbox.catch(() => {});
  const submission = {
    from: composed.preview.from.address,
    recipients: composed.recipients,
    raw: composed.raw,
  };
  const { accepted, refused } = await submissions
    .submit(owner, submission, signal)
    .catch((error: unknown) => {
      throw deps.filesSentMail ? error : toUnfiled(error);
    });
  const access = deps.afterwards();
  const [copy, removal] = await Promise.all([
    sentMailbox
      // The caller may have disconnected during the lookup, which ended it: it is done once more.
      .then((mailbox) =>
        mailbox instanceof AppError ? withRoleMailbox(access, "sent", async (path) => path) : mailbox,
      )
      .then((mailbox) => fileCopy(deps, access, mailbox, composed))
      .catch(toWarning),
    draftId === undefined ? [] : removeDraft(access, draftId, composed.replacesOwnDraft),
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
    copyIn: copy instanceof AppError ? undefined : copy,
  };
}

/** Where the server files no copy itself, Sent holds none of an email whose submission ended as maybe_sent. */
function toUnfiled(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== "maybe_sent") return error;
  return new AppError("maybe_sent", error.message, {
    cause: error.cause,
    hint: "Do not send it again yet. Sent does not tell, since no copy was put there: look for a delivery report, or ask the recipient.",
  });
}

/** Files exactly one copy, by Message-ID: none where the server filed its own. Answers the path of the mailbox. */
async function fileCopy(
  deps: SendDeps,
  access: Access,
  mailbox: string,
  composed: ComposedEmail,
): Promise<string> {
  const { messageId } = composed;
  const { isPresent, getsNoCopies } = await access.read(mailbox, async (imap, { sentCopies }) => {
    // Gmail files its own copy, whichever preset the account was connected with.
    if (deps.filesSentMail || imap.capabilities.has("X-GM-EXT-1")) return { isPresent: true };
    // With UIDPLUS a second copy can be removed again; it is searched for after ours is filed, unless the server is
    // known to file its own.
    const searchesLater = imap.capabilities.has("UIDPLUS") && !knownFacts(imap).has("files_sent_copies");
    const isPresent = !searchesLater && (await findByMessageId(imap, messageId)).length > 0;
    return { isPresent, getsNoCopies: searchesLater && sentCopies.areFiled === false };
  });
  if (isPresent) return mailbox;
  const id = await appendOnce(access, mailbox, { raw: composed.copy, messageId }, ["\\Seen"]);
  // The copy is filed: that the mailbox cannot be searched for another one does not concern the caller.
  if (id !== undefined && !getsNoCopies) await removeSecond(access, mailbox, messageId, id).catch(toWarning);
  return mailbox;
}

/** Removes our copy where the server filed its own while ours was being appended. */
async function removeSecond(access: Access, mailbox: string, messageId: string, id: string): Promise<void> {
  const twice = await access.read(mailbox, async (imap, { sentCopies }) => {
    const found = await findByMessageId(imap, messageId);
    if (found.length > 1) knownFacts(imap).remember("files_sent_copies");
    if (found.length === 1) sentCopies.areFiled = false;
    return found.length > 1 && imap.capabilities.has("UIDPLUS");
  });
  if (twice) await createOrganizing(access).deleteEmails([id], true);
}

async function removeDraft(access: Access, draftId: string, permanently: boolean): Promise<string[]> {
  try {
    const { notes } = await createOrganizing(access).deleteEmails([draftId], permanently);
    return notes;
  } catch (error) {
    const { code, message } = toWarning(error);
    // A missing draft is the wanted result.
    return code === "email_not_found" ? [] : [`The draft could not be removed from Drafts: ${message}`];
  }
}

/** Sets \Answered or $Forwarded (RFC 5788) on the email it builds on, as mail programs do. Failures are ignored. */
async function markAnswered(access: Access, composed: ComposedEmail): Promise<void> {
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
    // The email is sent; a missing keyword on another one does not concern the caller.
  }
}

/** Lets an AppError through as a warning; a bug is thrown. */
function toWarning(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}
