/**
 * The live handle on one mail account: what tools work with. Tools see this file and no other of the room.
 * Each group of verbs is done in a room of its own beside this file; nothing connects until a verb is called.
 */
import type { MailReading } from "./reading.ts";
import type { MailWriting } from "./writing.ts";

export type { AttachedFile } from "../compose/attached-file.ts";
export type { ComposedEmail, EmailPreview, EmailRequest, OriginalEmail } from "../compose/email-request.ts";
export type { MailReading } from "./reading.ts";
export type { Change, MailWriting, OrganizeResult } from "./writing.ts";

/** One account, live. `reading` and `writing` verbs are described in their own files. */
export type MailAccount = {
  accountId: string;
  address: string;
  canSend: boolean;
  /** Whether an email id names an email of this account. Throws invalid_input for a string that is no email id. */
  ownsEmailId(id: string): boolean;
} & MailReading &
  MailWriting;
