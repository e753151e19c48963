import type { Composed } from "../../compose/composed-email.ts";
import { AppError } from "../../errors.ts";
import type { Access } from "../access.ts";
import type { MailWriting, SavedDraft } from "../writing.ts";
import { file, requireRoleMailbox } from "./file-copy.ts";

/** Saves and then removes what it replaces: at no time is there none. */
export async function saveDraft(
  access: Access,
  deleteEmails: MailWriting["deleteEmails"],
  composed: Composed,
  replaces: string | undefined,
): Promise<SavedDraft> {
  const mailbox = await requireRoleMailbox(access, "drafts");
  const id = await file(access, mailbox, { raw: composed.copy, messageId: composed.messageId }, [
    "\\Draft",
    "\\Seen",
  ]);
  const notes = [...composed.notes];
  if (replaces !== undefined) {
    try {
      notes.push(...(await deleteEmails([replaces], true)).notes);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      notes.push(
        error.code === "email_not_found"
          ? "The former draft was gone already."
          : `The former draft could not be removed: ${error.message}`,
      );
    }
  }
  return { mailbox, notes, ...(id === undefined ? {} : { id }) };
}
