/** The reading verbs of Mail. Strings in these answers come from mail unless they say "our words". */

import type { Address } from "../email/address.ts";
import type { SenderChecks } from "../email/sender-checks.ts";
import type { EmailFormat } from "../readable/email-format.ts";

export type Attachment = {
  /** 1, 2, …: how get_attachment names it. */
  index: number;
  name: string;
  type: string;
  /** Octets, decoded, about. */
  size: number;
  /** Shown within the text. */
  inline: boolean;
  /** The index of the attached email that contains it. */
  inside?: number;
  /** Who wrote an attached email, when (ISO 8601, UTC), and about what. */
  email?: { from?: Address; date?: string; subject: string };
};

export type Email = {
  id: string;
  mailbox: string;
  from: Address[];
  replyTo: Address[];
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  /** ISO 8601 with the email's own offset. */
  date: string;
  messageId?: string;
  unread: boolean;
  flagged: boolean;
  answered: boolean;
  draft: boolean;
  /** Octets on the server. */
  size: number;
  sender: SenderChecks;
  /** How many earlier emails it refers to: get_thread shows them. */
  earlier: number;
  /** Where a mailing list says it is left: https: and mailto: addresses. */
  unsubscribe: string[];
  format: EmailFormat;
  body: string;
  /** Where `body` starts and ends in the whole rendered text, in characters. */
  offset: number;
  end: number;
  /** Characters of the whole rendered text; a lower bound when `more` says that not all was fetched. */
  total: number;
  /** Continue with this offset; absent at the end. */
  nextOffset?: number;
  attachments: Attachment[];
  /** What was left out, folded or could not be shown; our words. */
  notes: string[];
  /** All header lines, decoded, when asked for. */
  headers?: string;
};

/** One email of a conversation. */
export type ThreadEmail = {
  id: string;
  mailbox: string;
  from: Address;
  to: Address[];
  cc: Address[];
  subject: string;
  date: string;
  unread: boolean;
  /** Begun and not sent. */
  draft: boolean;
  /** Those that hang on it. */
  attachments: { index: number; name: string }[];
  /** Its own words: quoted history folded. */
  body: string;
  /** Characters of `body` that did not fit; get_email shows them. */
  left: number;
  /** Whether it goes on past what was fetched of it, too. */
  cut: boolean;
};

export type Thread = {
  emails: ThreadEmail[];
  /** How many emails the conversation has in the mailboxes searched. */
  total: number;
  searched: string[];
  skipped: { mailbox: string; reason: string }[];
  notes: string[];
};

export type AttachmentContent = {
  index: number;
  name: string;
  type: string;
  size: number;
  /** What follows: its text, a picture, or nothing but the facts above. */
  kind: "text" | "image" | "none";
  text: string;
  offset: number;
  end: number;
  total: number;
  nextOffset?: number;
  /** Base64, for kind "image". */
  image?: { data: string; mimeType: string };
  notes: string[];
};

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
  /** One email, readable. `offset` and `maxCharacters` count characters of the rendered text. Leaves it unread. */
  getEmail(request: {
    id: string;
    format: EmailFormat;
    offset: number;
    maxCharacters: number;
    headers: boolean;
  }): Promise<Email>;
  /** The conversation an email belongs to, oldest first, at most `limit` of its newest emails. */
  getThread(request: { id: string; limit: number }): Promise<Thread>;
  /** What is in an attachment, as text or as a picture. `offset` counts characters of the text. */
  getAttachment(request: {
    id: string;
    index: number;
    offset: number;
    maxCharacters: number;
  }): Promise<AttachmentContent>;
  /** Its name, type and size alone. */
  describeAttachment(request: { id: string; index: number }): Promise<Attachment>;
  /** An attachment's bytes as they come from the mail server; `consume` is given them while the connection is held. */
  streamAttachment(
    request: { id: string; index: number },
    consume: (file: { name: string; type: string; chunks: AsyncIterable<Uint8Array> }) => Promise<void>,
  ): Promise<void>;
};

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
