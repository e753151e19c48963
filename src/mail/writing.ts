/** The writing verbs of Mail. Organizing is done in organise.ts, composing in compose.ts, sending in sending.ts. */
import type { AttachedFile } from "../compose/attached-file.ts";
import type { ComposedEmail, EmailRequest, OriginalEmail } from "../compose/email-request.ts";

/** What was done to one email, so that it can be undone. Email ids and mailbox paths only. */
export type Change =
  /** `id` is where it is now; absent when the server did not tell. `from` is the mailbox it came from. */
  | { kind: "moved"; id?: string; from: string }
  /** IMAP flags (\Seen, $label1) that were really added and removed. */
  | { kind: "flags"; id: string; added: string[]; removed: string[] };

/** What a call over many emails did: one outcome per id, in the order of the ids. */
export type OrganizeResult = {
  outcomes: Outcome[];
  changes: Change[];
  /** The path it went to, for moves. */
  mailbox?: string;
  /** What the server cannot do as asked, in our words. */
  notes: string[];
};

export type SavedDraft = { id?: string; mailbox: string; notes: string[] };

export type Sent = {
  messageId: string;
  accepted: string[];
  refused: { address: string; problem: string }[];
  /** Where the one copy is; absent when it could not be filed. */
  copyIn?: string;
  /** What went less than well after the email was taken; it is sent all the same. */
  warnings: string[];
};

export type MailWriting = {
  /** Sets or removes \Seen on each email. */
  markAsRead(ids: readonly string[], read: boolean): Promise<OrganizeResult>;
  /** Adds and removes IMAP flags (\Flagged, keywords) on each email. */
  changeFlags(ids: readonly string[], change: { add: string[]; remove: string[] }): Promise<OrganizeResult>;
  /** Moves each email to a mailbox named by path or role. */
  moveEmails(ids: readonly string[], mailbox: string): Promise<OrganizeResult>;
  /** Moves to Trash; erases what is in Trash already, or everything when `permanently`. */
  deleteEmails(ids: readonly string[], permanently: boolean): Promise<OrganizeResult>;
  /** Creates a mailbox; levels are separated by `/`. Answers its path. Throws mailbox_exists. */
  createMailbox(path: string): Promise<string>;
  /** Puts back what changes did. Outcomes in the order of the changes; `changes` are those worth another try. */
  undo(changes: readonly Change[]): Promise<OrganizeResult>;

  /**
   * An email to build on: as much as a quote needs, or whole with its files to pass on or to take up as a draft.
   * Throws email_not_found, email_moved, too_large, and invalid_input for a draft that is none.
   */
  readOriginal(id: string, purpose: "quote" | "forward" | "draft"): Promise<OriginalEmail>;
  /** One attachment by the index get_email gives it. Throws attachment_not_found and as readOriginal does. */
  readAttachment(id: string, index: number): Promise<AttachedFile>;
  /** Builds an email from this account. Throws invalid_input, too_large. */
  compose(request: EmailRequest): Promise<ComposedEmail>;
  /** Puts it into Drafts, then removes the draft it replaces. */
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
  /** Why not; our words. */
  problem?: string;
  /** The id after a move, where the server tells it. */
  newId?: string;
};
