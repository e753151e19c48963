/**
 * Converts nodemailer's errors about a connection or a login to AppErrors in our own words. Goes by reply codes (RFC
 * 5321 section 4.2, RFC 4954 section 6) and nodemailer's codes, never by message text.
 */
import { AppError } from "../errors.ts";
import {
  type Diagnosis,
  diagnoseAbort,
  diagnoseLost,
  diagnoseTls,
  diagnoseUnreachable,
  errorCodes,
  type FailureStage,
  type NetworkError,
  notThisProtocol,
  otherLoginRefusal,
  startTlsMissing,
  toDiagnosedError,
  wrongPassword,
} from "../outbound/network-failures.ts";

/** The fields of nodemailer's errors that are read here. */
type SmtpLibraryError = NetworkError & {
  /** The three-digit reply code. */
  responseCode?: unknown;
  /** The reply with its text. */
  response?: unknown;
};

/** Microsoft's status for an organization that has switched SMTP off. Password and token may be right. */
const sendingSwitchedOff: Diagnosis = {
  code: "not_supported",
  message: "Sending by other programs is switched off for this mailbox.",
  hint: "An administrator of the organization can switch SMTP AUTH on; then connect the mailbox again.",
};

/** Converts an error of nodemailer to an AppError; an AppError is returned as it is. Never throws. */
export function toSmtpError(error: unknown, stage: FailureStage): AppError {
  if (error instanceof AppError) return error;
  const details: SmtpLibraryError = typeof error === "object" && error !== null ? error : {};
  // A permanent refusal of the command STARTTLS; a failed handshake has no reply code.
  if (details.code === "ETLS" && Number(details.responseCode) >= 500) return startTlsMissing(error);
  const diagnosis =
    diagnoseAbort(details) ??
    diagnoseTransientReply(details) ??
    diagnoseLoginReply(details) ??
    (errorCodes(details).includes("EPROTOCOL") ? notThisProtocol : undefined) ??
    diagnoseTls(details) ??
    diagnoseUnreachable(details, stage) ??
    diagnoseLost(stage);
  return toDiagnosedError(diagnosis, error);
}

/** RFC 5321 section 4.2.1: 4yz is transient; so is 454 to AUTH (RFC 4954 section 6). */
function diagnoseTransientReply({ responseCode }: SmtpLibraryError): Diagnosis | undefined {
  const isTransient = typeof responseCode === "number" && responseCode >= 400 && responseCode < 500;
  return isTransient
    ? { code: "mail_server_busy", message: "The mail server is busy or limits connections." }
    : undefined;
}

/** RFC 4954 section 6: 535 credentials invalid, 534 mechanism too weak (an app password is wanted), 530 required. */
function diagnoseLoginReply({ code, responseCode, response }: SmtpLibraryError): Diagnosis | undefined {
  if (code !== "EAUTH") return undefined;
  if (typeof response === "string" && /^535[ -]5\.7\.139\b/.test(response)) return sendingSwitchedOff;
  return [530, 534, 535].includes(Number(responseCode)) ? wrongPassword : otherLoginRefusal;
}
