/** An email as requested, and as composed. */
import type { Clock } from "../clock.ts";
import type { Address } from "../email/address.ts";
import type { AttachedFile } from "./attached-file.ts";

/** A signature in both forms, without the delimiter `-- `. */
export type Signature = { text: string; html: string };

/** A stored email that the new one replies to, forwards or replaces. Strings are as the sender wrote them. */
export type OriginalEmail = {
  id: string;
  messageId?: string;
  inReplyTo?: string;
  /** Message-IDs of the thread before it, oldest first. */
  references: string[];
  from: Address[];
  replyTo: Address[];
  to: Address[];
  cc: Address[];
  bcc: Address[];
  /** Addresses that the receiving server says it was delivered to. */
  deliveredTo: string[];
  subject: string;
  /** ISO 8601 with the email's own offset. */
  date?: string;
  text?: string;
  html?: string;
  files: AttachedFile[];
  /** As stored; only the beginning of a large email that is quoted without its attachments. */
  source: Uint8Array;
  /** The text is complete. */
  whole: boolean;
};

/**
 * The basis of the new email. A reply or forward may also replace a draft, whose recipients, files and subject are
 * kept where neither the request nor the original gives others.
 */
export type Basis =
  | { kind: "new" }
  | { kind: "reply"; original: OriginalEmail; all: boolean; draft?: OriginalEmail }
  | { kind: "forward"; original: OriginalEmail; draft?: OriginalEmail }
  | { kind: "draft"; draft: OriginalEmail };

/** An email as requested. Addresses are bare or `Name <address>`; absent fields are computed (reply, forward) or kept (draft). */
export type EmailRequest = {
  basis: Basis;
  /** One of the person's own addresses. */
  from?: string | undefined;
  /** False: without the person's signature. */
  signature?: boolean | undefined;
  to?: readonly string[] | undefined;
  cc?: readonly string[] | undefined;
  bcc?: readonly string[] | undefined;
  subject?: string | undefined;
  /** Markdown. */
  body?: string | undefined;
  /** The answer to an invitation: a calendar with METHOD:REPLY. */
  calendar?: string | undefined;
  /** Exactly these files; absent, those of the forwarded email and of the draft. */
  files?: readonly AttachedFile[] | undefined;
};

/** The email exactly as it will look. */
export type EmailPreview = {
  from: Address;
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  /** The complete text part. */
  text: string;
  /** `size` in octets. */
  attachments: { name: string; type: string; size: number }[];
  /** Message-ID of the email it replies to. */
  inReplyTo?: string;
};

/** A complete email with CRLF line ends. `raw` is submitted, without Bcc; `copy`, with Bcc, goes to Drafts and Sent. */
export type ComposedEmail = {
  messageId: string;
  preview: EmailPreview;
  /** The envelope: every recipient in to, cc and bcc, once. */
  recipients: string[];
  raw: Uint8Array;
  copy: Uint8Array;
  /** Equal for two emails with the same recipients, subject, text and files; independent of time and Message-ID. */
  content: string;
  /** Id of the email it replies to, which is marked \Answered after sending. */
  answers?: string;
  /** Id of the email it forwards, which is marked $Forwarded after sending. */
  forwards?: string;
  /**
   * True where the draft that it replaces was written by this server, so that it may be erased. Any other one goes to
   * Trash: an email that was moved into Drafts must not be lost.
   */
  replacesOwnDraft: boolean;
  /** Message-ID of the email it replies to, where its id is unknown: for a draft. */
  answersMessageId?: string;
  /** Sentences for the person about what could not be kept. */
  notes: string[];
};

export type ComposeDeps = {
  clock: Clock;
  from: Address;
  /** All known addresses of the person, which are left out of replies. */
  own: readonly string[];
  /** Added to new emails and replies. */
  signature?: Signature | undefined;
};
