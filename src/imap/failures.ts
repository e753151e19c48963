/**
 * What IMAP and SMTP libraries throw, as AppErrors: the one translator into our own words. It goes by codes
 * (response codes of RFC 5530, reply codes of RFC 5321, Node's and imapflow's), never by message text; what the
 * server said stays in `cause`, for the log.
 */
import { AppError, type FailureCode } from "../errors.ts";

/** Where it happened: while a connection was opened and its login made, or at work on an open one. */
export type FailurePlace = "connect" | "imap" | "smtp";

/** What imapflow and nodemailer put on their errors, as far as it is read here. */
type Told = {
  name?: unknown;
  code?: unknown;
  /** nodemailer: the code of the socket under its own ESOCKET. */
  originalCode?: unknown;
  timeoutType?: unknown;
  /** imapflow: NO or BAD to a command, and the code in brackets. */
  responseStatus?: unknown;
  serverResponseCode?: unknown;
  authenticationFailed?: unknown;
  /** imapflow: the text of a BYE; TLS errors have a reason, too. */
  reason?: unknown;
  tlsFailed?: unknown;
  throttleReset?: unknown;
  /** SMTP reply code. */
  responseCode?: unknown;
  /** SMTP: the whole reply, for its enhanced status code. */
  response?: unknown;
};

/** RFC 5530 codes that say "not now". */
const busyCodes = new Set(["UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG"]);

/** RFC 5530 codes of a refused login: the password is not right, or not any more. */
const wrongPasswordCodes = new Set(["AUTHENTICATIONFAILED", "EXPIRED"]);

/** RFC 5530 and RFC 3501 codes of a refused command. */
const commandCodes: Readonly<Record<string, readonly [FailureCode, message: string, hint?: string]>> = {
  NONEXISTENT: ["mailbox_not_found", "There is no such mailbox."],
  TRYCREATE: ["mailbox_not_found", "There is no such mailbox."],
  ALREADYEXISTS: ["mailbox_exists", "There is such a mailbox already."],
  NOPERM: ["mailbox_read_only", "The mail server does not allow this here."],
  "READ-ONLY": ["mailbox_read_only", "This mailbox can only be read."],
  CANNOT: ["not_supported", "The mail server cannot do this."],
  BADCHARSET: [
    "unsupported_query",
    "This mail server can look for plain letters (A to Z), digits and signs only.",
    "Leave the other letters out; parts of words are found, too.",
  ],
  OVERQUOTA: ["mail_server_failed", "The mailbox is full."],
  CORRUPTION: ["mail_server_failed", "The mail server finds its own data of this mailbox damaged."],
  CONTACTADMIN: ["mail_server_failed", "The mail server wants its administrator to be asked."],
  EXPUNGEISSUED: ["email_not_found", "Some of these emails were removed just now."],
  TOOBIG: ["too_large", "This is too large for the mail server."],
  APPENDLIMIT: ["too_large", "This is larger than the mail server keeps."],
};

/** What a certificate is found to be wrong with, by OpenSSL's and Node's codes. */
const certificateFaults: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet",
  CERT_REVOKED: "was revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "was issued by an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT: "was issued by an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "was issued by an unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "was issued by an unknown authority",
  CERT_UNTRUSTED: "was issued by an unknown authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another host name",
  HOSTNAME_MISMATCH: "is for another host name",
};

/** Not TLS at all, or TLS where plain text was expected. */
const otherProtocolCodes = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_HTTP_REQUEST",
  "GREETING_TIMEOUT",
  "InvalidResponse",
  "UnexpectedTag",
  "MissingTag",
  "EPROTOCOL",
]);

/** The answer was larger or deeper than a mail server has reason to send. */
const excessCodes = new Set([
  "LineTooLarge",
  "LiteralTooLarge",
  "ResponseTooLarge",
  "TooManyTokens",
  "TooManyResponses",
  "MAX_IMAP_NESTING_REACHED",
]);

const timeoutCodes = new Set(["CONNECT_TIMEOUT", "UPGRADE_TIMEOUT", "ETIMEDOUT", "ETIMEOUT"]);
const unreachableCodes = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
]);

/** `error` as an AppError; one that is already is passed through. Never throws. */
export function toAppError(error: unknown, where: FailurePlace): AppError {
  if (error instanceof AppError) return error;
  const told: Told = typeof error === "object" && error !== null ? error : {};
  const found =
    toEnd(told) ?? toBusy(told) ?? toLogin(told) ?? toTls(told) ?? toCommand(told) ?? toLost(told, where);
  return new AppError(found.code, found.message, {
    cause: error,
    ...(found.hint === undefined ? {} : { hint: found.hint }),
    ...(found.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: found.retryAfterSeconds }),
  });
}

/** imapflow's codes for a connection that is no more. */
const connectionCodes = /^(NoConnection|EConnectionClosed|StateLogout|ClosedAfterConnect\w*)$/;

type Found = { code: FailureCode; message: string; hint?: string; retryAfterSeconds?: number };

/** Our own deadline, or a caller who went away. */
function toEnd(told: Told): Found | undefined {
  if (told.name === "TimeoutError")
    return { code: "timed_out", message: "This took too long and was ended." };
  if (told.name === "AbortError" || told.code === "EABORT")
    return { code: "cancelled", message: "The call was given up." };
  return undefined;
}

/** "Not now": says nothing about the password. */
function toBusy(told: Told): Found | undefined {
  const retryAfterSeconds =
    told.code === "ETHROTTLE" && typeof told.throttleReset === "number"
      ? Math.ceil(told.throttleReset / 1000)
      : undefined;
  const isBusy =
    told.code === "ETHROTTLE" ||
    busyCodes.has(textOf(told.serverResponseCode).toUpperCase()) ||
    // A BYE: the server ends the connection of its own accord, for load, limits or maintenance.
    (connectionCodes.test(textOf(told.code)) && textOf(told.reason) !== "") ||
    // RFC 5321 section 4.2.1: 4yz is transient; RFC 4954 section 6: so is 454 at AUTH.
    (typeof told.responseCode === "number" && told.responseCode >= 400 && told.responseCode < 500);
  if (!isBusy) return undefined;
  return {
    code: "mail_server_busy",
    message: "The mail server is busy or limits connections.",
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

/** The login itself: only a NO without a code, or one of wrongPasswordCodes, means a wrong password. */
function toLogin(told: Told): Found | undefined {
  const wrong: Found = {
    code: "login_refused",
    message: "The mail server did not accept this user name and password.",
  };
  const notice: Found = {
    code: "mail_server_failed",
    message: "The mail server refused the login for a reason of its own.",
    hint: "It may want an app password, or has too many connections open. Use an app password; if it is one, try again in some minutes.",
    // Sooner would be one more login that is refused, and many of those lock accounts.
    retryAfterSeconds: 60,
  };
  if (told.authenticationFailed === true) {
    const code = textOf(told.serverResponseCode).toUpperCase();
    const plainNo = code === "" && told.responseStatus !== "BAD";
    return plainNo || wrongPasswordCodes.has(code) ? wrong : notice;
  }
  if (told.code !== "EAUTH") return undefined;
  // RFC 4954 section 6: 535 credentials invalid, 534 mechanism too weak (an app password is wanted), 530 required.
  return [530, 534, 535].includes(Number(told.responseCode)) ? wrong : notice;
}

function toTls(told: Told): Found | undefined {
  const codes = [textOf(told.code), textOf(told.originalCode)];
  const fault = codes.map((code) => certificateFaults[code]).find((text) => text !== undefined);
  if (fault !== undefined) return { code: "tls_failed", message: `The mail server's certificate ${fault}.` };
  if (codes.some((code) => otherProtocolCodes.has(code)) || told.timeoutType === "GREETING_TIMEOUT")
    return { code: "not_a_mail_server", message: "What answers there does not speak this mail protocol." };
  const isTls =
    told.tlsFailed === true ||
    codes.some((code) => code === "ETLS" || /^(ERR_TLS|ERR_SSL|CERT_|ERR_OSSL|STARTTLS_)/.test(code));
  return isTls
    ? { code: "tls_failed", message: "No secure connection to the mail server came about." }
    : undefined;
}

/** A tagged NO or BAD to a command on a connection that stays. */
function toCommand(told: Told): Found | undefined {
  const known = commandCodes[textOf(told.serverResponseCode).toUpperCase()];
  if (known) {
    const [code, message, hint] = known;
    return { code, message, ...(hint === undefined ? {} : { hint }) };
  }
  if (told.responseStatus === "NO" || told.responseStatus === "BAD")
    return { code: "mail_server_failed", message: "The mail server refused the command." };
  return undefined;
}

/** The connection was not made, or was lost. */
function toLost(told: Told, where: FailurePlace): Found {
  const codes = [textOf(told.code), textOf(told.originalCode)];
  if (codes.some((code) => unreachableCodes.has(code)))
    return { code: "host_unreachable", message: "The mail server cannot be reached." };
  if (codes.some((code) => timeoutCodes.has(code)))
    return where === "connect"
      ? { code: "host_unreachable", message: "The mail server does not answer." }
      : { code: "timed_out", message: "The mail server stopped answering." };
  if (codes.some((code) => excessCodes.has(code)))
    return { code: "mail_server_failed", message: "The mail server sent more than fits." };
  if (codes.some((code) => code.startsWith("ParserError")))
    return where === "connect"
      ? { code: "not_a_mail_server", message: "What answers there does not speak this mail protocol." }
      : { code: "mail_server_failed", message: "The mail server sent something unreadable." };
  return where === "connect"
    ? { code: "not_a_mail_server", message: "What answers there closed the connection before a login." }
    : { code: "mail_server_failed", message: "The connection to the mail server was lost." };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
