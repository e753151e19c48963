/** Emails as they are asked for, built and previewed. */
import type { Clock } from "../clock.ts";
import type { Address } from "../email/address.ts";

/**
 * A file as it is put into an email: bytes, never a path or a URL. A `type` of "" is told by the name. `cid` is how its
 * HTML names it (RFC 2392).
 */
export type File = { name: string; type: string; content: Uint8Array; cid?: string };

/** An email that another one builds on: answers, passes on, replaces. Strings are as their sender wrote them. */
export type Original = {
  id: string;
  messageId?: string;
  inReplyTo?: string;
  /** Message-IDs of the conversation before it, oldest first. */
  references: string[];
  from: Address[];
  replyTo: Address[];
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  /** ISO 8601 with the email's own offset. */
  date?: string;
  text?: string;
  html?: string;
  files: File[];
  /** As stored; only the beginning of a large email that is answered or passed on without its attachments. */
  source: Uint8Array;
  /** Its text is all here. */
  whole: boolean;
};

/** An email as asked for. Addresses are bare; absent fields are computed (reply, forward) or kept (a draft). */
export type EmailRequest = {
  to?: readonly string[] | undefined;
  cc?: readonly string[] | undefined;
  bcc?: readonly string[] | undefined;
  subject?: string | undefined;
  /** Markdown. */
  body?: string | undefined;
  /** The email this answers. */
  replied?: Original | undefined;
  replyAll?: boolean | undefined;
  /** The email to pass on. */
  forwarded?: Original | undefined;
  /** Exactly these; absent, those of the email that is passed on, or of the draft. */
  files?: readonly File[] | undefined;
  /** The draft this builds on: fields not named here are kept from it. */
  draft?: Original | undefined;
};

/** The email exactly as it will look. */
export type Preview = {
  from: Address;
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  /** The text part, whole. */
  text: string;
  attachments: { name: string; type: string; size: number }[];
  /** Message-ID of the email it answers. */
  inReplyTo?: string;
};

/** A finished email. `raw` goes out, without Bcc; `copy` is the same with it, for Drafts and Sent. CRLF. */
export type Composed = {
  messageId: string;
  preview: Preview;
  /** Everyone in to, cc and bcc, once: exactly the envelope. */
  recipients: string[];
  raw: Uint8Array;
  copy: Uint8Array;
  /** What makes it the same email again: recipients, subject, text and attachments, without time and Message-ID. */
  content: string;
  /** The emails it answers or passes on, to be marked so once it is sent. */
  answers?: string;
  forwards?: string;
  /** Message-ID of the email it answers, where only that is known: a draft's. */
  answersMessageId?: string;
  /** What could not be kept, in our words. */
  notes: string[];
};

export type ComposeDeps = {
  clock: Clock;
  from: Address;
  /** All addresses of the person that we know: left out of replies. */
  own: readonly string[];
};
