/** The type of the handle on one mail account, which is all that tools see of this room. */
import type { MailReading, Selection } from "./reading.ts";
import type { MailWriting } from "./writing.ts";

export type { AttachedFile } from "../compose/attached-file.ts";
export type { ComposedEmail, EmailPreview, EmailRequest, OriginalEmail } from "../compose/email-request.ts";
export type { MailReading, Selection } from "./reading.ts";
export type { Change, EmailSet, MailWriting, OrganizeResult } from "./writing.ts";

/** One account for the time of one call. */
export type MailAccount = {
  accountId: string;
  address: string;
  canSend: boolean;
  /** Opens a connection with the inbox selected, for a call that may come. Throws the failures of a connection. */
  connect(): Promise<void>;
  /** True when an email id names an email of this account. Throws invalid_input for a string that is no email id. */
  ownsEmailId(id: string): boolean;
  /** True for a selection of emails of this account. */
  ownsSelection(selection: Selection): boolean;
} & MailReading &
  MailWriting;
