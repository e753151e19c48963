/** A failure to connect a mailbox, with the place in the form where the person can mend it. */
import { AppError, type FailureCode } from "../errors.ts";
import type { DiscoveredServers } from "../providers/discover.ts";

/** A field of the form that a failure belongs to. */
export type ConnectField =
  | "address"
  | "provider"
  | "password"
  | "username"
  | "imap_host"
  | "imap_port"
  | "smtp_host"
  | "smtp_port";

export type ConnectWhere = {
  field: ConnectField;
  /** Which of the two logins. */
  side?: "imap" | "smtp" | undefined;
  /** The servers that were looked up for the address, so that the form can show them. */
  found?: DiscoveredServers | undefined;
};

export class ConnectError extends AppError {
  readonly field: ConnectField;
  readonly side: ConnectWhere["side"];
  readonly found: DiscoveredServers | undefined;

  constructor(
    code: FailureCode,
    message: string,
    options: ConnectWhere & { hint?: string; cause?: unknown; retryAfterSeconds?: number },
  ) {
    super(code, message, options);
    this.name = "ConnectError";
    this.field = options.field;
    this.side = options.side;
    this.found = options.found;
  }
}

/** The same failure with its place. Whatever is no AppError is a bug and stays as it is. */
export function toConnectError(error: unknown, where: ConnectWhere): unknown {
  if (!(error instanceof AppError) || error instanceof ConnectError) return error;
  const { code, message, hint, cause, retryAfterSeconds } = error;
  return new ConnectError(code, message, {
    ...where,
    hint,
    cause,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
