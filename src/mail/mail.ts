/**
 * The live handle on one mail account: what tools work with. Tools see this file and no other of the room.
 * Each group of verbs is done in a room of its own beside this file; nothing connects until a verb is called.
 */
import type { MailReading } from "./reading.ts";
import type { MailWriting } from "./writing.ts";

export type MailboxRole = "inbox" | "sent" | "drafts" | "trash" | "archive" | "junk";

export type Mailbox = {
  path: string;
  role?: MailboxRole;
  /** Numbers of emails; absent where the mail server did not tell, or not in time. */
  total?: number;
  unread?: number;
};

/** One row of a list: an email without its body. Dates are ISO 8601 with the email's own offset. */
export type EmailRow = {
  id: string;
  from: { name?: string; address: string };
  to: { name?: string; address: string }[];
  subject: string;
  date: string;
  mailbox: string;
  unread: boolean;
  flagged: boolean;
  answered: boolean;
  attachments: number;
  /** Octets on the server. */
  size: number;
  snippet: string;
};

/** An answer that says what it covers: nothing is left out in silence. */
export type EmailPage = {
  emails: EmailRow[];
  /** How many match in all. */
  total: number;
  /** Continue after the last row; absent when there is no more. */
  cursor?: string;
  searched: string[];
  skipped: { mailbox: string; reason: string }[];
};

export type Outcome = {
  id: string;
  done: boolean;
  /** Why not; our words. */
  problem?: string;
  /** The id after a move, where the server tells it. */
  newId?: string;
};

export type { Composed, EmailRequest, File, Original, Preview } from "../compose/composed-email.ts";
export type { MailReading } from "./reading.ts";
export type { Change, MailWriting, Organised } from "./writing.ts";

/** One account, live. `reading` and `writing` verbs are described in their own files. */
export type Mail = {
  accountId: string;
  address: string;
  canSend: boolean;
  /** Whether an email id names an email of this account. Throws invalid_input for a string that is no email id. */
  ownsEmailId(id: string): boolean;
} & MailReading &
  MailWriting;
