/** Saving a draft, in place of the one it replaces. */
import type { ComposedEmail } from "../../compose/email-request.ts";
import { AppError } from "../../errors.ts";
import { toContentHash } from "../../secrets.ts";
import type { Access } from "../access.ts";
import { withRoleMailbox } from "../mailbox-paths.ts";
import type { MailWriting, SavedDraft } from "../writing.ts";
import { appendOnce, findAppended } from "./append-once.ts";

/** Saves first and removes the former draft afterwards, so that one of them exists at every moment. */
export async function saveDraft(
  access: Access,
  deleteEmails: MailWriting["deleteEmails"],
  composed: ComposedEmail,
  replaces: string | undefined,
): Promise<SavedDraft> {
  const { mailbox, id } = await withRoleMailbox(access, "drafts", async (mailbox) => ({
    mailbox,
    id: await appendDraft(access, mailbox, composed, replaces),
  }));
  const { replacesOwnDraft } = composed;
  const removal =
    replaces === undefined ? [] : await removeFormerDraft(deleteEmails, replaces, replacesOwnDraft);
  return { id, mailbox, notes: [...composed.notes, ...removal] };
}

/**
 * Appends the draft; one that an earlier, equal call appended without learning of it is taken instead. Answers its id,
 * where it is known.
 */
async function appendDraft(
  access: Access,
  mailbox: string,
  { content, copy, messageId }: ComposedEmail,
  replaces: string | undefined,
): Promise<string | undefined> {
  const contentHash = toContentHash(`${content}\0${replaces ?? ""}`);
  const unfinished = await access.unfinished.list();
  const earlier = unfinished.flatMap((write) =>
    write.kind === "append" && write.contentHash === contentHash ? [write] : [],
  );
  for (const write of earlier) {
    const id = await findAppended(access, write.mailbox, write.messageId);
    await write.end();
    if (id !== undefined) return id;
  }
  const end = await access.unfinished.begin({ kind: "append", mailbox, messageId, contentHash });
  const id = await appendOnce(access, mailbox, { raw: copy, messageId }, ["\\Draft", "\\Seen"]).catch(
    async (error: unknown) => {
      // After a lost connection or at the deadline it may be there all the same.
      if (!isUnknown(error)) await end();
      throw error;
    },
  );
  await end();
  return id;
}

const isUnknown = (error: unknown) =>
  error instanceof AppError && ["mail_server_failed", "timed_out", "cancelled"].includes(error.code);

/** Sentences for what went less than well; the new draft is saved all the same. */
async function removeFormerDraft(
  deleteEmails: MailWriting["deleteEmails"],
  id: string,
  permanently: boolean,
): Promise<string[]> {
  try {
    return (await deleteEmails([id], permanently)).notes;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code === "email_not_found"
      ? ["The former draft was gone already."]
      : [`The former draft could not be removed: ${error.message}`];
  }
}
