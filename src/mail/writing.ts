/** The writing verbs of Mail. */
import type { Outcome } from "./mail.ts";

export type MailWriting = {
  /** Sets or removes \Seen on each email. */
  markAsRead(ids: readonly string[], read: boolean): Promise<Outcome[]>;
  /** Moves each email to a mailbox named by path or role. */
  moveEmails(ids: readonly string[], mailbox: string): Promise<Outcome[]>;
};
