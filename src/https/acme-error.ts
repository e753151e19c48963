/** A failure to get a certificate, with the authority's own explanation. */

/** Prefix of the error types of RFC 8555 section 6.7. */
const errorPrefix = "urn:ietf:params:acme:error:";

export class AcmeError extends Error {
  /** The error type without its prefix, such as `rateLimited` or `dns`; or a code of the connection. */
  readonly type: string;
  /** Time after which the authority allows the next attempt. */
  readonly retryAfterMs: number | undefined;

  constructor(type: string, detail: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(toPlainLine(detail), { cause: options.cause });
    this.name = "AcmeError";
    this.type = type.startsWith(errorPrefix) ? type.slice(errorPrefix.length) : type;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** One line of at most 300 printable characters: the text comes from the authority, and goes to the log. */
function toPlainLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, " ").slice(0, 300);
}

/**
 * Reads Retry-After (RFC 9110 section 10.2.3), seconds or a date, as milliseconds from `nowMs`, at most 7 days.
 * Undefined when it is missing or not valid.
 */
export function readRetryAfter(header: string | string[] | undefined, nowMs: number): number | undefined {
  if (typeof header !== "string") return undefined;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), 7 * 86_400_000);
}
