/**
 * Converts imapflow's errors to AppErrors in our own words. Goes by response codes (RFC 5530, RFC 3501 section 7.1) and
 * imapflow's codes, and by text only where Gmail gives no other reason; what the server said stays in `cause`, for the log.
 */
import { AppError, type FailureCode } from "../errors.ts";
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
  toDiagnosedError,
  wrongPassword,
} from "../outbound/network-failures.ts";

/** The fields of imapflow's errors that are read here. */
type ImapLibraryError = NetworkError & {
  /** NO or BAD to a command, and the code in brackets. */
  responseStatus?: unknown;
  serverResponseCode?: unknown;
  authenticationFailed?: unknown;
  responseText?: unknown;
  /** The whole answer, as text or parsed. */
  response?: unknown;
  /** The text of a BYE; TLS errors have a reason, too. */
  reason?: unknown;
  throttleReset?: unknown;
  /** The name of the command that was refused; see client-behavior.ts. */
  refusedCommand?: unknown;
};

/** RFC 5530 codes of a temporary condition. */
const busyCodes: ReadonlySet<string> = new Set([
  ...["UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG"],
  // Gmail's own.
  "THROTTLED",
]);

/** RFC 5530 codes of a login that failed because the password is wrong or has expired. */
const wrongPasswordCodes: ReadonlySet<string> = new Set(["AUTHENTICATIONFAILED", "EXPIRED"]);

type RefusalText = readonly [FailureCode, message: string, hint?: string];

const badCharset: RefusalText = [
  "unsupported_query",
  "This mail server can search for unaccented letters (A to Z), digits and punctuation only.",
  "Leave the other characters out; parts of words are found, too.",
];

/** RFC 5530 and RFC 3501 codes of a refused command. */
const commandCodes: Readonly<Record<string, RefusalText>> = {
  NONEXISTENT: ["mailbox_not_found", "There is no such mailbox."],
  TRYCREATE: ["mailbox_not_found", "There is no such mailbox."],
  ALREADYEXISTS: ["mailbox_exists", "There is such a mailbox already."],
  NOPERM: ["mailbox_read_only", "The mail server does not allow this here."],
  "READ-ONLY": ["mailbox_read_only", "This mailbox can only be read."],
  CANNOT: ["not_supported", "The mail server cannot do this."],
  BADCHARSET: badCharset,
  OVERQUOTA: [
    "mail_server_failed",
    "The mailbox is full.",
    "The person has to make room first: delete emails and empty the trash, or ask the mail company for more.",
  ],
  CORRUPTION: ["mail_server_failed", "The mail server finds its own data of this mailbox damaged."],
  CONTACTADMIN: ["mail_server_failed", "The mail server wants its administrator to be asked."],
  EXPUNGEISSUED: ["email_not_found", "Some of these emails were removed just now."],
  TOOBIG: ["too_large", "This is too large for the mail server."],
  APPENDLIMIT: ["too_large", "This is larger than the mail server keeps."],
};

/** imapflow's codes for an answer that is no IMAP. */
const notImapCodes: ReadonlySet<string> = new Set(["InvalidResponse", "UnexpectedTag", "MissingTag"]);

/** imapflow's codes for an answer that exceeds the limits of connect.ts. */
const excessCodes: ReadonlySet<string> = new Set([
  "LineTooLarge",
  "LiteralTooLarge",
  "ResponseTooLarge",
  "TooManyTokens",
  "TooManyResponses",
  "MAX_IMAP_NESTING_REACHED",
]);

/** True for an error about an answer that exceeds the limits of connect.ts; it ends the connection. */
export function isExcess(error: unknown): boolean {
  return (
    typeof error === "object" && error !== null && errorCodes(error).some((code) => excessCodes.has(code))
  );
}

/**
 * True for a tagged NO or BAD that may be about one email: the connection goes on, and other emails can be asked for.
 * Dovecot answers SERVERBUG for an email that it cannot read.
 */
export function isRefusal(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("responseStatus" in error)) return false;
  const isBusy = diagnoseBusy(error) !== undefined && responseCode(error) !== "SERVERBUG";
  return !isBusy && isNoOrBad(error.responseStatus);
}

const isNoOrBad = (status: unknown) => status === "NO" || status === "BAD";

/** imapflow's codes for a connection that has ended. */
const connectionEndCodes = /^(NoConnection|EConnectionClosed|StateLogout|ClosedAfterConnect\w*)$/;

/** True for a command whose connection ended before it was answered. */
export const isConnectionEnd = (error: unknown): boolean =>
  typeof error === "object" && error !== null && connectionEndCodes.test(errorCodes(error)[0] ?? "");

/** Converts an error of imapflow to an AppError; an AppError is returned as it is. Never throws. */
export function toImapError(error: unknown, stage: FailureStage): AppError {
  if (error instanceof AppError) return error;
  const details: ImapLibraryError = typeof error === "object" && error !== null ? error : {};
  const diagnosis =
    diagnoseAbort(details) ??
    diagnoseText(details) ??
    diagnoseBusy(details) ??
    diagnoseLogin(details) ??
    diagnoseTls(details) ??
    diagnoseRefusal(details) ??
    diagnoseUnreachable(details, stage) ??
    diagnoseResponse(details, stage) ??
    diagnoseLost(stage);
  return toDiagnosedError(diagnosis, error);
}

/** Recognizes a temporary condition, which says nothing about the password. */
function diagnoseBusy(error: ImapLibraryError): Diagnosis | undefined {
  const isThrottled = error.code === "ETHROTTLE";
  const isBusy =
    isThrottled ||
    busyCodes.has(responseCode(error)) ||
    // A BYE: the server ends the connection itself, because of load, limits or maintenance.
    (connectionEndCodes.test(errorCodes(error)[0] ?? "") &&
      typeof error.reason === "string" &&
      error.reason !== "");
  if (!isBusy) return undefined;
  const { throttleReset } = error;
  return {
    code: "mail_server_busy",
    message: "The mail server is busy or limits connections.",
    retryAfterSeconds:
      isThrottled && typeof throttleReset === "number" ? Math.ceil(throttleReset / 1000) : undefined,
  };
}

/** The one refusal that is known by its text: Gmail gives it the code ALERT alone. */
const imapDisabled =
  /\bnot enabled for IMAP\b|\bIMAP4?(?:rev1)? (?:access |service )?(?:is )?(?:disabled|not (?:enabled|allowed|activated)|turned off|deactivated)\b/i;

/** Gmail's refusals that come with the code ALERT or none; their texts stand in its help (support.google.com/mail). */
const tooManyConnections = /\btoo many simultaneous connections\b/i;
const bandwidthUsedUp = /\bexceeded command or bandwidth limits\b/i;
/** Exchange and servers behind it; imapflow knows the form with a time alone. */
const throttled =
  /\brequests? (?:is|are|was|were) (?:being )?throttled\b|\btoo many (?:requests|commands)\b/i;
const notConnected = /\bauthenticated but not connected\b/i;
const locked =
  /\btoo many (?:failed )?(?:login|authentication)s? (?:failures|attempts|tries)\b|\baccount (?:is |has been )?(?:temporarily )?locked\b/i;
const appPasswordWanted = /\bapplication-specific password required\b/i;
const browserWanted = /\blog in via your web browser\b|\bweb login required\b/i;

const readingLimit: Diagnosis = {
  code: "mail_server_busy",
  message: "The mail server limits how much is read in a day, and the limit is reached.",
  hint: "Try again in some hours.",
  retryAfterSeconds: 3600,
};

/** Recognizes a refusal whose reason only the text tells. */
function diagnoseText({
  responseText,
  authenticationFailed,
  serverResponseCode,
  response,
}: ImapLibraryError): Diagnosis | undefined {
  const text = [responseText, response].find((said) => typeof said === "string") ?? "";
  const isLogin = authenticationFailed === true;
  // Exchange, of a login that it accepted, when it limits the mailbox or cannot open it.
  if (notConnected.test(text))
    return {
      code: "mail_server_busy",
      message: "The mail server accepted the login, and does not open the mailbox.",
      hint: "Try again in some minutes; if it persists, the mail company may have turned IMAP off for it.",
      retryAfterSeconds: 120,
    };
  if (isLogin && locked.test(text))
    return {
      code: "mail_server_busy",
      message: "The mail server takes no login for this mailbox for now, after too many.",
      hint: "Wait for an hour before you try again; each try may prolong it.",
      retryAfterSeconds: 3600,
    };
  if (tooManyConnections.test(text))
    return {
      code: "mail_server_busy",
      message: "The mail server limits connections, and too many are open for this mailbox.",
      hint: "Other mail programs hold connections, too. Try again in a minute.",
      retryAfterSeconds: 60,
    };
  if (!isLogin && throttled.test(text))
    return {
      code: "mail_server_busy",
      message: "The mail server limits how much it answers for now.",
      hint: "Try again in some minutes.",
      retryAfterSeconds: 120,
    };
  if (bandwidthUsedUp.test(text) || (isLogin && responseCode({ serverResponseCode }) === "OVERQUOTA"))
    return readingLimit;
  if (isLogin && appPasswordWanted.test(text))
    return {
      code: "login_refused",
      message: "The mail company takes only an app password here.",
      hint: "Connect the mailbox again with an app password of the mail company.",
    };
  if (isLogin && browserWanted.test(text))
    return {
      code: "mail_server_failed",
      message: "The mail company wants a sign-in in a browser first.",
      hint: "Sign in once on its website, confirm what it asks, then try again.",
      retryAfterSeconds: 60,
    };
  return undefined;
}

/** Recognizes a refused login. Only a NO without a code, or one of wrongPasswordCodes, means a wrong password. */
function diagnoseLogin(error: ImapLibraryError): Diagnosis | undefined {
  if (error.authenticationFailed !== true) return undefined;
  // No response: imapflow knows none of the mechanisms that the server offers, or LOGINDISABLED forbids LOGIN.
  if (error.responseStatus === undefined)
    return {
      code: "login_unsupported",
      message: "The mail server offers no way to sign in that this program knows.",
    };
  if (typeof error.responseText === "string" && imapDisabled.test(error.responseText))
    return {
      code: "mail_server_failed",
      message: "IMAP is turned off for this mailbox.",
      hint: "Turn IMAP on in the settings of the mail company, then try again.",
      retryAfterSeconds: 60,
    };
  const code = responseCode(error);
  const isPlainNo = code === "" && error.responseStatus !== "BAD";
  return isPlainNo || wrongPasswordCodes.has(code) ? wrongPassword : otherLoginRefusal;
}

/** Commands that store nothing. */
const readingCommand = /^(?:UID )?(?:FETCH|SEARCH|SORT|THREAD|SELECT|EXAMINE|STATUS|LIST|NOOP)$/;

/** Recognizes a tagged NO or BAD to a command, after which the connection stays open. */
function diagnoseRefusal(error: ImapLibraryError): Diagnosis | undefined {
  // Gmail answers OVERQUOTA to a FETCH when the bandwidth of a day is used up: no mailbox is full then.
  const isReading = typeof error.refusedCommand === "string" && readingCommand.test(error.refusedCommand);
  if (isReading && responseCode(error) === "OVERQUOTA") return readingLimit;
  const known = commandCodes[responseCode(error)];
  if (known) {
    const [code, message, hint] = known;
    return { code, message, hint };
  }
  if (isNoOrBad(error.responseStatus))
    return { code: "mail_server_failed", message: "The mail server refused the command." };
  return undefined;
}

/** Recognizes an answer that is too large or that cannot be parsed. */
function diagnoseResponse(error: ImapLibraryError, stage: FailureStage): Diagnosis | undefined {
  const codes = errorCodes(error);
  if (codes.some((code) => notImapCodes.has(code))) return notThisProtocol;
  if (codes.some((code) => excessCodes.has(code)))
    return { code: "mail_server_failed", message: "The mail server sent more than fits." };
  if (!codes.some((code) => code.startsWith("ParserError"))) return undefined;
  return stage === "connect"
    ? notThisProtocol
    : { code: "mail_server_failed", message: "The mail server sent something unreadable." };
}

/** The failure of a search for characters that the server cannot search for. */
export function unsupportedCharset(cause: unknown): AppError {
  const [code, message, hint] = badCharset;
  return new AppError(code, message, { cause, hint });
}

/** The code in brackets of a NO or BAD, in upper case; empty without one. */
function responseCode({ serverResponseCode }: ImapLibraryError): string {
  return typeof serverResponseCode === "string" ? serverResponseCode.toUpperCase() : "";
}
