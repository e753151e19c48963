/** The reading verbs of an account. Strings in their results come from mail unless a comment says "our sentences". */

import type { Address } from "../email/address.ts";
import type { SenderChecks } from "../email/sender-checks.ts";
import type { Query } from "../query/query.ts";
import type { EmailFormat } from "../readable/email-format.ts";

export type Attachment = {
  /** 1, 2, …: the index that get_attachment takes. */
  index: number;
  name: string;
  type: string;
  /** Approximate decoded size in octets. */
  size: number;
  /** Displayed within the text. */
  inline: boolean;
  /** The index of the attached email that contains it. */
  inside?: number;
  /** Author, date (ISO 8601, UTC) and subject of an attached email. */
  email?: { from?: Address; date?: string; subject: string };
};

export type Email = {
  id: string;
  mailbox: string;
  /** Its labels at Gmail. */
  labels?: string[] | undefined;
  from: Address[];
  replyTo: Address[];
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  /** ISO 8601 with the offset of the email's Date header. */
  date: string;
  messageId?: string;
  unread: boolean;
  flagged: boolean;
  answered: boolean;
  draft: boolean;
  /** Marked \Deleted: a mail program still has to expunge it. Absent otherwise. */
  deleted?: true;
  /** Octets on the server. */
  size: number;
  sender: SenderChecks;
  /** Number of earlier emails that it refers to; get_thread shows them. */
  earlier: number;
  /** The https: and mailto: targets of List-Unsubscribe (RFC 2369). */
  unsubscribe: string[];
  format: EmailFormat;
  body: string;
  /** Start and end of `body` in the whole rendered text, in characters. */
  offset: number;
  end: number;
  /** Characters of the whole rendered text; a lower bound where a note says that not all was fetched. */
  total: number;
  /** The offset of the next excerpt; absent at the end. */
  nextOffset?: number;
  attachments: Attachment[];
  /** Our sentences for what was left out, folded or could not be shown. */
  notes: string[];
  /** All header lines, decoded, when asked for. */
  headers?: string;
};

/** One email of a thread. */
export type ThreadEmail = {
  id: string;
  mailbox: string;
  from: Address;
  to: Address[];
  cc: Address[];
  subject: string;
  date: string;
  unread: boolean;
  draft: boolean;
  /** As in Email. */
  deleted?: true;
  attachments: { index: number; name: string }[];
  /** The text with quoted history folded. */
  body: string;
  /** Characters of the text that did not fit; get_email shows them. */
  left: number;
  /** The text is longer than what was fetched of it. */
  cut: boolean;
};

export type Thread = {
  emails: ThreadEmail[];
  /** Number of emails of the thread in the mailboxes searched. */
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
  /** The content that follows: text, a picture, or none. */
  kind: "text" | "image" | "none";
  text: string;
  offset: number;
  end: number;
  total: number;
  nextOffset?: number;
  /** In base64: the picture of kind "image", or pages of a scanned PDF beside its text. */
  images?: { data: string; mimeType: string; page?: number }[];
  notes: string[];
};

/** A mailbox as the person chooses which ones stay private. */
export type ChoosableMailbox = { path: string; delimiter: string; uidValidity: string };

export type MailReading = {
  /** The mailboxes that may be private: all but inbox, sent, drafts and trash. */
  listChoosable(): Promise<ChoosableMailbox[]>;
  /** All selectable mailboxes with role and counts. */
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
  /**
   * The senders of a mailbox (path or role), the largest groups first, `senders` of them in full. `since`: a day
   * (2026-01-31) or a span (7d).
   */
  getOverview(request: {
    mailbox: string;
    since?: string;
    unreadOnly: boolean;
    senders: number;
  }): Promise<Overview>;
  /** One email as text; it stays unread. `offset` and `maxCharacters` count characters of the rendered text. */
  getEmail(request: {
    id: string;
    format: EmailFormat;
    offset: number;
    maxCharacters: number;
    headers: boolean;
  }): Promise<Email>;
  /** The thread of an email, oldest first, at most `limit` of its newest emails. */
  getThread(request: { id: string; limit: number }): Promise<Thread>;
  /** The content of an attachment as text or as a picture. `offset` counts characters of the text. */
  getAttachment(request: {
    id: string;
    index: number;
    offset: number;
    maxCharacters: number;
  }): Promise<AttachmentContent>;
  /** Name, type and size of an attachment. */
  describeAttachment(request: { id: string; index: number }): Promise<Attachment>;
  /** Passes an attachment's bytes to `consume` as the mail server sends them; the connection is held meanwhile. */
  streamAttachment(
    request: { id: string; index: number },
    consume: (file: { name: string; type: string; chunks: AsyncIterable<Uint8Array> }) => Promise<void>,
  ): Promise<void>;
};

export type MailboxRole = "inbox" | "sent" | "drafts" | "trash" | "archive" | "junk";

export type Mailbox = {
  path: string;
  role?: MailboxRole;
  /** Numbers of emails; absent where the mail server refused them or was too slow. */
  total?: number;
  unread?: number;
};

/** One row of a list. `date` is ISO 8601 with the offset of the email's Date header. */
export type EmailRow = {
  id: string;
  from: { name?: string; address: string };
  to: { name?: string; address: string }[];
  subject: string;
  date: string;
  mailbox: string;
  /** The labels of an email at Gmail, each of which is a mailbox that holds it. */
  labels?: string[] | undefined;
  unread: boolean;
  flagged: boolean;
  answered: boolean;
  /** Marked \Deleted: a mail program still has to expunge it. Absent otherwise. */
  deleted?: true;
  /** INTERNALDATE in ISO 8601, UTC, where it differs from `date` by more than a day; lists are ordered by it. */
  arrived?: string;
  attachments: number;
  /** Octets on the server. */
  size: number;
  snippet: string;
  /** The snippet is the mail server's preview (RFC 8970), which may hold text that the sender hid. Absent otherwise. */
  preview?: true | undefined;
};

/** One sender, or one mailing list, in an overview. */
export type OverviewSender = {
  /** The sender of its newest email. */
  from: Address;
  /** The identifier of the list (RFC 2919). */
  list?: string;
  count: number;
  unread: number;
  /** Subject and date of its newest email; the subject is empty for groups that are only counted. */
  subject: string;
  newest: string;
  /** Its emails; absent where no query finds exactly these. */
  selection?: Selection;
};

export type Overview = {
  mailbox: string;
  /** Number of emails that meet the conditions, and of those that were counted: the newest. */
  total: number;
  counted: number;
  /** Number of emails that cannot be read. */
  unreadable: number;
  unread: number;
  /** Number of senders and lists. */
  groups: number;
  senders: OverviewSender[];
};

/** A page of rows that names the mailboxes it covers and those it does not. */
export type EmailPage = {
  emails: EmailRow[];
  /** Number of matches on all pages. */
  total: number;
  /** The cursor of the next page; absent on the last. */
  cursor?: string;
  searched: string[];
  skipped: { mailbox: string; reason: string }[];
  /** Ids of emails that belong to the page and cannot be read. */
  unreadable?: string[];
  /** Our sentences about a search that found nothing, or that went by arrival where that differs from the date. */
  hints?: string[];
  /** All matches of a search, on its first page. */
  selection?: Selection;
};

/**
 * A set of emails by what they have in common, as it was when it was made: what arrives later is not in it. `hash`: over
 * the UIDs of all its emails.
 */
export type Selection = { accountTag: string; parts: SelectionPart[]; count: number; hash: string };

/** The emails of some mailboxes that match one query; all of them where it is undefined. */
export type SelectionPart = { query?: Query; mailboxes: SelectedMailbox[] };

/** UIDs `nextUid` to `highestUid` of one mailbox. `uidValidity`: decimal digits. */
export type SelectedMailbox = { path: string; uidValidity: string; nextUid: number; highestUid: number };
