/** The writing verbs of an account. */
import type { AttachedFile } from "../compose/attached-file.ts";
import type { ComposedEmail, EmailRequest, OriginalEmail } from "../compose/email-request.ts";
import type { Selection } from "./reading.ts";

/** A change to one email that can be undone. Holds email ids, mailbox paths and keywords only. */
export type Change =
  /** `id` is the email's id after the move; absent without COPYUID. `from` is the path of its former mailbox. */
  | { kind: "moved"; id?: string; from: string }
  /**
   * IMAP flags (\Seen, $label1) that the email did not have before, and had. `copiedTo`: the mailbox that holds a copy,
   * where a server without MOVE and UIDPLUS could only copy the email and mark the original.
   */
  | { kind: "flags"; id: string; added: string[]; removed: string[]; copiedTo?: string };

/** The emails of a selection, `most` at most. `onProgress` is told how many are done. */
export type SelectedEmails = {
  selection: Selection;
  most: number;
  onProgress(done: number, total: number): void;
};

/** The emails of a call: by their ids, or by a selection. */
export type EmailSet = readonly string[] | SelectedEmails;

/** The result of a call over many emails: one outcome per id, in the order of the ids. */
export type OrganizeResult = {
  outcomes: Outcome[];
  changes: Change[];
  /** The destination of a move. */
  mailbox?: string;
  /** Our sentences for what the server cannot do as asked. */
  notes: string[];
  /** The emails of the selection that are left. */
  rest?: Selection;
};

/** The effect that a deletion would have on each email. */
export type DeletionPlan = {
  toErase: string[];
  toTrash: string[];
  /** The mail server tells the new ids of moved emails (COPYUID, RFC 4315): they can be put back. */
  tellsNewIds: boolean;
};

export type SavedDraft = { id?: string; mailbox: string; notes: string[] };

export type Sent = {
  messageId: string;
  accepted: string[];
  refused: { address: string; problem: string }[];
  /** The mailbox that holds the copy; absent when it could not be filed. */
  copyIn?: string;
  /** Our sentences for what failed after the server accepted the email; it is sent all the same. */
  warnings: string[];
};

/** The answer to an invitation, ready to be sent. */
export type PreparedAnswer = {
  composed: ComposedEmail;
  /** The title of the event, and the address of its organizer. */
  summary: string;
  organizer: string;
  /** The organizer sent the invitation, or their domain signed it. */
  isProven: boolean;
};

/**
 * The ways to leave a list: by a one-click POST that the sender signed, by an email, or by a link for the person.
 * `domain`: the organizational domain of the URL's host.
 */
export type LeavingWays = {
  post?: { url: string; domain: string } | undefined;
  mailto?: { address: string; subject: string; body: string } | undefined;
  link?: string | undefined;
};

export type MailWriting = {
  /** Sets or removes \Seen on each email. */
  markAsRead(emails: EmailSet, read: boolean): Promise<OrganizeResult>;
  /** Adds and removes IMAP flags (\Flagged, keywords) on each email. */
  changeFlags(emails: EmailSet, change: { add: string[]; remove: string[] }): Promise<OrganizeResult>;
  /** Moves each email to a mailbox named by path or role. */
  moveEmails(emails: EmailSet, mailbox: string): Promise<OrganizeResult>;
  /** Moves to Trash; erases what is in Trash already, or everything when `permanently`. */
  deleteEmails(emails: EmailSet, permanently: boolean): Promise<OrganizeResult>;
  /** The ids of the emails of a selection that still match, `most` at most. Throws email_moved. */
  listSelected(selection: Selection, most: number): Promise<string[]>;
  /** Which of the emails a deletion would erase for good, and which it would move to Trash. Changes nothing. */
  planDeletion(ids: readonly string[], permanently: boolean): Promise<DeletionPlan>;
  /** Author, subject, date and mailbox of each email that is there. */
  describeEmails(
    ids: readonly string[],
  ): Promise<{ id: string; from: string; subject: string; date: string; mailbox: string }[]>;
  /** Creates a mailbox; levels are separated by `/`. Answers its path. Throws mailbox_exists. */
  createMailbox(path: string): Promise<string>;
  /** Reverts changes. Outcomes stand in their order; the result's `changes` are those worth another try. */
  undo(changes: readonly Change[]): Promise<OrganizeResult>;

  /**
   * An email to build on: as much as a quote needs, or whole with its files for a forward or a draft.
   * Throws email_not_found, email_moved, too_large, and invalid_input for an email that is no draft.
   */
  readOriginal(id: string, purpose: "quote" | "forward" | "draft"): Promise<OriginalEmail>;
  /** One attachment by the index that get_email gives it. Throws email_not_found, attachment_not_found, too_large. */
  readAttachment(id: string, index: number): Promise<AttachedFile>;
  /**
   * Builds the answer to the invitation in an email. Throws email_not_found, email_moved, and invalid_input for an email
   * without an invitation to one of the person's addresses.
   */
  prepareAnswer(request: {
    id: string;
    answer: "accept" | "tentative" | "decline";
    comment?: string | undefined;
  }): Promise<PreparedAnswer>;
  /** The ways to leave the mailing list that sent an email. Throws email_not_found, email_moved. */
  findLeavingWays(id: string): Promise<LeavingWays>;
  /** Builds exactly the email that a list asks for. Throws invalid_input. */
  composeLeaving(mailto: NonNullable<LeavingWays["mailto"]>): Promise<ComposedEmail>;
  /** Builds an email from this account. Throws invalid_input, too_large. */
  compose(request: EmailRequest): Promise<ComposedEmail>;
  /** The text of the HTML part, where its words are others than those of the plain text. */
  findDifferingHtml(composed: ComposedEmail): Promise<string | undefined>;
  /**
   * Those of the addresses, in lower case, to which the person wrote an email that is in Sent and is not ours.
   * `@example.org` stands for every address of an organizational domain.
   */
  findWrittenTo(addresses: readonly string[]): Promise<Set<string>>;
  /** Saves to Drafts, then removes the draft that it replaces. */
  saveDraft(composed: ComposedEmail, replaces?: string): Promise<SavedDraft>;
  /**
   * Submits it once, files the copy in Sent, and removes the draft it came from. Never retried.
   * Throws recipient_refused (nobody took it), message_refused, maybe_sent, login_refused, host_unreachable.
   */
  send(composed: ComposedEmail, draftId?: string): Promise<Sent>;
};

export type Outcome = {
  id: string;
  done: boolean;
  /** Our sentence for why it was not done. */
  problem?: string;
  /**
   * The original stays in its mailbox, marked as deleted: copied to the destination of a move, or not erased, on a
   * server without UIDPLUS.
   */
  marked?: boolean;
  /** The id after a move, where COPYUID tells it. */
  newId?: string;
};
