/**
 * The closed table of expected failures.
 *
 * An AppError is an expected failure that can be explained: its message and hint are our own text, safe to show to a
 * person or a model. A mail server's text is kept in `cause`, of which only the codes are logged. Any other error is
 * a bug.
 */

/** Failure code -> the HTTP status in HTTP responses, and the default hint, which says what to do next. */
export const failures = {
  // wrong input
  invalid_input: { status: 400, hint: "Correct the named argument and call again." },
  unsupported_query: { status: 400, hint: "Correct the query; the message names the operator." },
  too_large: { status: 413, hint: "Ask for less, or split the work." },
  not_supported: { status: 400, hint: "Do it another way; this mail server does not offer it." },
  account_unknown: { status: 400, hint: "Use one of the addresses that list_mailboxes names." },
  account_ambiguous: {
    status: 400,
    hint: 'Name one of the listed addresses in `account`; search_emails also takes "all".',
  },
  permission_missing: { status: 403, hint: "Connect again and choose a level that allows it." },
  cursor_expired: { status: 400, hint: "Start again without `cursor`." },
  selection_expired: { status: 400, hint: "Search again; a selection works for an hour." },
  selection_changed: { status: 409, hint: "Search again." },

  // not found
  email_moved: { status: 404, hint: "Search again: the mailbox was renumbered and old ids no longer count." },
  email_not_found: { status: 404, hint: "It may have been moved or deleted; search again." },
  mailbox_not_found: { status: 404, hint: "list_mailboxes shows the mailboxes there are." },
  mailbox_exists: { status: 409, hint: "Use the mailbox that is there, or choose another path." },
  mailbox_read_only: { status: 403, hint: "Choose another mailbox; this one cannot be changed." },
  attachment_not_found: { status: 404, hint: "get_email lists the attachments with their index." },
  link_expired: { status: 410, hint: "Ask Claude for a new link." },
  approval_unknown: { status: 404, hint: "Ask Claude to prepare it again." },
  operation_unknown: { status: 404, hint: "Operations can be undone for 24 hours, once." },

  // the mail server
  login_refused: { status: 401, hint: "Connect the mailbox again with a new app password." },
  mail_server_busy: { status: 503, hint: "Try again in a minute." },
  mail_server_failed: { status: 502, hint: "Try again; if it persists, the mail server refuses this." },
  host_unknown: { status: 400, hint: "Check the spelling of the host name." },
  host_unresolved: { status: 503, hint: "DNS did not answer in time; try again in a minute." },
  host_unreachable: { status: 502, hint: "Check host and port, and that the server is up." },
  host_refused: { status: 400, hint: "Use a public host name and port 993, 143, 465 or 587." },
  tls_failed: {
    status: 502,
    hint: "The server's certificate or its TLS does not verify; check the host name and security.",
  },
  certificate_changed: {
    status: 502,
    hint: "Connect the mailbox again, and compare the new certificate before accepting it.",
  },
  starttls_missing: {
    status: 502,
    hint: "Choose TLS from the start (port 993 or 465): without STARTTLS the password would go unencrypted.",
  },
  login_unsupported: {
    status: 502,
    hint: "Ask the mail company how other programs sign in; they may need an app password or an open port with TLS.",
  },
  not_a_mail_server: {
    status: 502,
    hint: "Nothing there speaks this protocol; check host, port and security.",
  },

  // sending
  recipient_refused: { status: 400, hint: "Check the address." },
  message_refused: {
    status: 502,
    hint: "The mail server refused this email; change it before trying again.",
  },
  maybe_sent: {
    status: 502,
    hint: "Do not send it again yet. If it is in Sent (search_emails in:sent), it was sent; if not, that does not tell: look for a delivery report, or ask the recipient.",
  },

  // limits and time
  rate_limited: { status: 429, hint: "Wait until the time named, then go on." },
  timed_out: {
    status: 504,
    hint: "Narrow it down (one mailbox, a date range, fewer emails) and call again.",
  },
  cancelled: { status: 499, hint: "Call again if it is still wanted." },
  shutting_down: { status: 503, hint: "The server is restarting; try again in a few seconds." },
  busy: { status: 503, hint: "Too much waits on this server just now; try again in some minutes." },
  storage_full: { status: 503, hint: "The operator has to free disk space." },
  storage_unavailable: { status: 503, hint: "Try again in a minute." },
} as const satisfies Record<string, { status: number; hint: string }>;

export type FailureCode = keyof typeof failures;

export class AppError extends Error {
  readonly code: FailureCode;
  /** One sentence of our own text that says what to do next. */
  readonly hint: string;
  /** Seconds after which a retry can succeed; sent as Retry-After over HTTP. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: FailureCode,
    message: string,
    options: { hint?: string; cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.hint = options.hint ?? failures[code].hint;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** The status of an HTTP response for this failure. */
  get status(): number {
    return failures[this.code].status;
  }
}

/**
 * The connection was lost after a command of a write: it alone does not tell whether the mail server executed it. Who
 * can find out and finish the change catches this error.
 */
export class LostWriteError extends AppError {
  constructor(cause: unknown) {
    super("mail_server_failed", "The connection to the mail server was lost during the change.", {
      hint: "It may have been done in part; look at the mailbox before you call again.",
      cause,
    });
    this.name = "LostWriteError";
  }
}

/**
 * Quotes a name from outside, such as a mailbox's, for use in our own sentences. Quotation marks inside it are
 * replaced, so that it cannot end the quotation; it is cut at 200 characters.
 */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', "'").slice(0, 200)}"`;
}

/** The reason why the server cannot start or a command cannot run: one line that tells the operator what to do. */
export class StartError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "StartError";
  }
}

/** A call that names none of several accounts, which a client may ask its person about. */
export class AmbiguousAccountError extends AppError {
  constructor(readonly addresses: readonly string[]) {
    super("account_ambiguous", `Several accounts are connected: ${addresses.join(", ")}.`);
    this.name = "AmbiguousAccountError";
  }
}
