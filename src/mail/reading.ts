/** The reading verbs of Mail. */
import type { EmailPage, Mailbox } from "./mail.ts";

export type MailReading = {
  /** Every selectable mailbox with its role and counts. */
  listMailboxes(): Promise<Mailbox[]>;
  /** The newest emails of one mailbox (path or role). `limit` 1–100. */
  listEmails(request: {
    mailbox: string;
    limit: number;
    unreadOnly?: boolean;
    cursor?: string;
  }): Promise<EmailPage>;
  /** Gmail's query language over one mailbox, or over all but trash and junk. */
  searchEmails(request: {
    query: string;
    mailbox?: string;
    limit: number;
    cursor?: string;
  }): Promise<EmailPage>;
};
