/** The interface that the kits of all real mail servers share, so that one story runs on each of them. */
import type { MailServer } from "../../src/credentials.ts";
import type { MailboxAccess, User } from "./mailbox-access.ts";
import type { Submission } from "./submission.ts";

export type RealServer = MailboxAccess & {
  /** IMAP and SMTP with TLS from the first byte, with a certificate of the run's authority. */
  imap: MailServer;
  smtp: MailServer;
  /** IMAP with STARTTLS, required. */
  imapStarttls: MailServer;
  /** Makes a user with the mailboxes that the server makes by itself. */
  newUser(): Promise<User>;
  submission: Submission;
  stop(): Promise<void>;
};
