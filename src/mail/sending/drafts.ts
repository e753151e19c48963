/** Saving a draft, in place of the one it replaces. */
import type { ComposedEmail } from "../../compose/email-request.ts";
import { AppError } from "../../errors.ts";
import type { Access } from "../access.ts";
import { requireRoleMailbox } from "../mailboxes.ts";
import type { MailWriting, SavedDraft } from "../writing.ts";
import { appendOnce } from "./append-once.ts";

/** Saves first and removes the former draft afterwards, so that one of them exists at every moment. */
export async function saveDraft(
  access: Access,
  deleteEmails: MailWriting["deleteEmails"],
  composed: ComposedEmail,
  replaces: string | undefined,
): Promise<SavedDraft> {
  const mailbox = await requireRoleMailbox(access, "drafts");
  const email = { raw: composed.copy, messageId: composed.messageId };
  const id = await appendOnce(access, mailbox, email, ["\\Draft", "\\Seen"]);
  const removal = replaces === undefined ? [] : await removeFormerDraft(deleteEmails, replaces);
  return { id, mailbox, notes: [...composed.notes, ...removal] };
}

/** Sentences for what went less than well; the new draft is saved all the same. */
async function removeFormerDraft(deleteEmails: MailWriting["deleteEmails"], id: string): Promise<string[]> {
  try {
    return (await deleteEmails([id], true)).notes;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code === "email_not_found"
      ? ["The former draft was gone already."]
      : [`The former draft could not be removed: ${error.message}`];
  }
}
