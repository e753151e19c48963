/** Explains a submission server's refusals by reply code (RFC 5321) and enhanced status code (RFC 3463). */
import { AppError } from "../errors.ts";
import { toSmtpError } from "./failures.ts";

/** RFC 5321 section 4.2.1: an email that is deferred, by greylisting or for load, may be accepted minutes later. */
const deferral = {
  retryAfterSeconds: 300,
  hint: "The mail server puts this off; try again in some minutes.",
};

/** RFC 3463: X.2.3 and X.3.4. A bare 552 means it, too (RFC 1870); with a status code, a full mailbox for example. */
const isSizeRefusal = (replyCode: number, status: string) =>
  /^\d\.(2\.3|3\.4)$/.test(status) || (replyCode === 552 && status === "");

/** Converts the failure of a submission to an AppError that says that nothing was sent. */
export function toSubmissionError(error: unknown): AppError {
  if (!isRecord(error)) return toSmtpError(error, "command");
  return (
    diagnoseLimit(error) ??
    diagnoseSender(error) ??
    diagnoseRecipients(error) ??
    diagnoseSize(error) ??
    diagnoseMessage(error) ??
    toSmtpError(error, "command")
  );
}

/** The refusal of each recipient; empty when the sender or the message was refused. */
const recipientRefusals = (error: Record<string, unknown>) =>
  Array.isArray(error.rejectedErrors) ? error.rejectedErrors.filter(isRecord) : [];

/** Gmail's code for an account's sending limit (X.4.5 is congestion in RFC 3463), and those of Exchange Online. */
const limitStatus = /^(?:\d\.4\.5|5\.1\.90|5\.2\.121|5\.2\.122)$/;

function diagnoseLimit(error: Record<string, unknown>): AppError | undefined {
  const limited = [error, ...recipientRefusals(error)].find((one) => limitStatus.test(toStatusCode(one)));
  if (!limited) return undefined;
  const message = `Nothing was sent: the account has reached its sending limit (${toCodesText(limited)}).`;
  return new AppError("mail_server_busy", message, {
    cause: error,
    hint: "The mail company limits how much an account sends in a day; try again tomorrow.",
    retryAfterSeconds: 6 * 3600,
  });
}

/** X.1.7 and X.1.8, a bad address of the sender (RFC 3463), and what Exchange Online answers to a sender not owned. */
const senderStatus = /^5\.(?:1\.7|1\.8|7\.60|2\.252)$/;

/**
 * Every recipient was refused with 5.7.1 (RFC 3463: delivery not authorized). It is then about the sender or a policy:
 * Postfix refuses a sender that the user does not own when the recipient is named, other servers at MAIL FROM, or when
 * the message has come.
 */
function diagnoseSender(error: Record<string, unknown>): AppError | undefined {
  const refusals = recipientRefusals(error);
  const [first = error] = refusals;
  const isAbout = (one: Record<string, unknown>) => senderStatus.test(toStatusCode(one));
  const isSender =
    refusals.length > 0
      ? refusals.every((one) => toStatusCode(one) === "5.7.1" || isAbout(one))
      : isAbout(error) || (error.command === "MAIL FROM" && toStatusCode(error) === "5.7.1");
  if (!isSender) return undefined;
  const message = `Nothing was sent: the mail server does not accept this sender, or a policy forbids the email (${toCodesText(first)}).`;
  return new AppError("message_refused", message, {
    cause: error,
    hint: "The recipient is not the reason. Check from which addresses this account may send.",
  });
}

/** All recipients were refused. */
function diagnoseRecipients(error: Record<string, unknown>): AppError | undefined {
  const refusals = recipientRefusals(error);
  if (refusals.length === 0) return undefined;
  const each = refusals.map((one) => `${String(one.recipient)} ${toRefusalText(one)}`).join("; ");
  const message = `Nothing was sent: ${each}.`;
  const replyCode = toReplyCode(error);
  return replyCode !== undefined && replyCode < 500
    ? new AppError("mail_server_busy", message, { cause: error, ...deferral })
    : new AppError("recipient_refused", message, { cause: error });
}

/** The server's limit is exceeded, as it said in its answer or in EHLO (nodemailer's EMESSAGE). */
function diagnoseSize(error: Record<string, unknown>): AppError | undefined {
  const replyCode = toReplyCode(error);
  const isTooLarge =
    replyCode === undefined
      ? error.code === "EMESSAGE"
      : isSizeRefusal(replyCode, toStatusCode(error)) && replyCode >= 500;
  if (!isTooLarge) return undefined;
  return new AppError("too_large", "Nothing was sent: the email is larger than the mail server takes.", {
    cause: error,
    hint: "Leave attachments out, or send them in several emails.",
  });
}

/** The sender, the message or the connection was refused. */
function diagnoseMessage(error: Record<string, unknown>): AppError | undefined {
  const replyCode = toReplyCode(error);
  if (replyCode === undefined || error.code === "EAUTH") return undefined;
  const codes = toCodesText(error);
  return replyCode < 500
    ? new AppError("mail_server_busy", `Nothing was sent: the mail server puts it off (${codes}).`, {
        cause: error,
        ...deferral,
      })
    : new AppError("message_refused", `Nothing was sent: the mail server refused the email (${codes}).`, {
        cause: error,
      });
}

/** RFC 3463 status codes of a refused recipient, in our words. */
const recipientFaults: Readonly<Record<string, string>> = {
  "5.1.1": "there is no such mailbox",
  "5.1.2": "there is no such mail domain",
  "5.1.10": "the domain takes no mail",
  "5.2.1": "the mailbox is closed",
  "5.2.2": "the mailbox is full",
  "5.7.1": "not allowed",
};

/** Says why one recipient was refused, in our words with the server's codes: `was refused (… , 550 5.1.1)`. */
export function toRefusalText(error: object): string {
  const codes = toCodesText(error);
  const isTemporary = codes.startsWith("4");
  const details = [recipientFaults[toStatusCode(error)], codes].filter(Boolean).join(", ");
  return `was refused${isTemporary ? " for now" : ""} (${details})`;
}

/** `550 5.1.1`: numbers only, never the server's text. */
function toCodesText(error: object): string {
  return [toReplyCode(error) ?? "no reply code", toStatusCode(error)].filter(Boolean).join(" ");
}

/** Returns the reply code of a refusal; undefined for any other answer, which leaves the email's fate open. */
export function toReplyCode(error: unknown): number | undefined {
  const code = isRecord(error) ? error.responseCode : undefined;
  return typeof code === "number" && code >= 400 ? code : undefined;
}

/** Returns the enhanced status code, `5.1.1`; empty without one. */
function toStatusCode(error: object): string {
  const response = isRecord(error) && typeof error.response === "string" ? error.response : "";
  return /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
