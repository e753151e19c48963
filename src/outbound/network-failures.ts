/**
 * Failures that IMAP and SMTP share: of sockets, DNS and TLS, and of our own deadlines, as the libraries report them.
 * Goes by error codes, never by message text; what the server said stays in `cause`, for the log.
 */
import { AppError, type FailureCode } from "../errors.ts";

/**
 * The stage of a failure. `connect`: while the connection was opened and its login made, to a server that nobody knows yet;
 * `reconnect`: the same, to one that is known to be a mail server; `command`: in a command afterwards.
 */
export type FailureStage = "connect" | "reconnect" | "command";

/** The fields of a library's error that are read here. */
export type NetworkError = {
  name?: unknown;
  code?: unknown;
  /** nodemailer: the code of the socket error below its own ESOCKET. */
  originalCode?: unknown;
  /** imapflow: which of its timers fired. */
  timeoutType?: unknown;
  tlsFailed?: unknown;
};

/** A failure in our own words, before it becomes an AppError. */
export type Diagnosis = {
  code: FailureCode;
  message: string;
  hint?: string;
  retryAfterSeconds?: number;
};

export const notThisProtocol: Diagnosis = {
  code: "not_a_mail_server",
  message: "What answers there does not speak this mail protocol.",
};

/** The failure of a server that offers no STARTTLS where it is required. */
export function startTlsMissing(cause: unknown): AppError {
  return new AppError("starttls_missing", "The mail server offers no STARTTLS; no password was sent.", {
    cause,
  });
}

export const wrongPassword: Diagnosis = {
  code: "login_refused",
  message: "The mail server did not accept this user name and password.",
};

export const otherLoginRefusal: Diagnosis = {
  code: "mail_server_failed",
  message: "The mail server refused the login for a reason of its own.",
  hint: "It may want an app password, or has too many connections open. Use an app password; if it is one, try again in some minutes.",
  // Retrying sooner risks an account lockout.
  retryAfterSeconds: 60,
};

/** OpenSSL's and Node's codes for a certificate that does not verify. */
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

/** The answer is not TLS, or is TLS where plain text was expected. */
const otherProtocolCodes: ReadonlySet<string> = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_HTTP_REQUEST",
  "GREETING_TIMEOUT",
]);

const timeoutCodes: ReadonlySet<string> = new Set([
  "CONNECT_TIMEOUT",
  "UPGRADE_TIMEOUT",
  "ETIMEDOUT",
  "ETIMEOUT",
]);

const unreachableCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
]);

/** Converts a diagnosis to an AppError. */
export function toDiagnosedError(diagnosis: Diagnosis, cause: unknown): AppError {
  const { code, message, hint, retryAfterSeconds } = diagnosis;
  return new AppError(code, message, { cause, hint, retryAfterSeconds });
}

/** Recognizes our own deadline and a caller who went away. */
export function diagnoseAbort({ name, code }: NetworkError): Diagnosis | undefined {
  if (name === "TimeoutError") return { code: "timed_out", message: "This took too long and was ended." };
  if (name === "AbortError" || code === "EABORT")
    return { code: "cancelled", message: "The call was given up." };
  return undefined;
}

/** Recognizes a certificate that does not verify, a handshake that failed, and an answer in another protocol. */
export function diagnoseTls(error: NetworkError): Diagnosis | undefined {
  const codes = errorCodes(error);
  const fault = codes.map((code) => certificateFaults[code]).find((text) => text !== undefined);
  if (fault !== undefined) return { code: "tls_failed", message: `The mail server's certificate ${fault}.` };
  if (codes.some((code) => otherProtocolCodes.has(code)) || error.timeoutType === "GREETING_TIMEOUT")
    return notThisProtocol;
  const isTls =
    error.tlsFailed === true ||
    codes.some((code) => code === "ETLS" || /^(ERR_TLS|ERR_SSL|CERT_|ERR_OSSL|STARTTLS_)/.test(code));
  return isTls
    ? { code: "tls_failed", message: "No secure connection to the mail server came about." }
    : undefined;
}

/** Recognizes a connection that could not be made, or on which the server stopped answering. */
export function diagnoseUnreachable(error: NetworkError, stage: FailureStage): Diagnosis | undefined {
  const codes = errorCodes(error);
  if (codes.some((code) => unreachableCodes.has(code)))
    return { code: "host_unreachable", message: "The mail server cannot be reached." };
  if (codes.some((code) => timeoutCodes.has(code)))
    return stage === "command"
      ? { code: "timed_out", message: "The mail server stopped answering." }
      : { code: "host_unreachable", message: "The mail server does not answer." };
  return undefined;
}

/** The diagnosis of a connection that ended for no reason that anybody gave. */
export function diagnoseLost(stage: FailureStage): Diagnosis {
  return stage === "connect"
    ? { code: "not_a_mail_server", message: "What answers there closed the connection before a login." }
    : { code: "mail_server_failed", message: "The connection to the mail server was lost." };
}

/** The error's own code and the one below it; empty strings where there is none. */
export function errorCodes({ code, originalCode }: NetworkError): string[] {
  return [code, originalCode].map((value) => (typeof value === "string" ? value : ""));
}
