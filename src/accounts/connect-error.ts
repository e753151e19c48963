/** A failure to connect an account, with the form field at which the person can correct it. */
import { AppError, type FailureCode } from "../errors.ts";
import type { DiscoveredServers } from "../providers/discover.ts";
import type { OfferedCertificates } from "./certificate-offers.ts";

/** A field of the connect form. */
type ConnectField =
  | "address"
  | "provider"
  | "password"
  | "username"
  | "imap_host"
  | "imap_port"
  | "smtp_host"
  | "smtp_port";

type FailureLocation = {
  field: ConnectField;
  /** The login that failed. */
  side?: "imap" | "smtp" | undefined;
  /** The servers discovered for the address, for the form to show. */
  found?: DiscoveredServers | undefined;
  /** The person asked to sign in at the mail company, and the operator has configured no issuer for the address. */
  isSignIn?: boolean | undefined;
  /** The certificates that the person can accept instead. */
  certificates?: OfferedCertificates | undefined;
};

export class ConnectError extends AppError {
  readonly field: ConnectField;
  readonly side: FailureLocation["side"];
  readonly found: DiscoveredServers | undefined;
  readonly isSignIn: boolean;
  readonly certificates: OfferedCertificates | undefined;

  constructor(
    code: FailureCode,
    message: string,
    options: FailureLocation & {
      hint?: string | undefined;
      cause?: unknown;
      retryAfterSeconds?: number | undefined;
    },
  ) {
    super(code, message, options);
    this.name = "ConnectError";
    this.field = options.field;
    this.side = options.side;
    this.found = options.found;
    this.isSignIn = options.isSignIn ?? false;
    this.certificates = options.certificates;
  }
}

/** Adds the location to an AppError. Every other error is a bug and is returned unchanged. */
export function toConnectError(error: unknown, location: FailureLocation): unknown {
  if (!(error instanceof AppError) || error instanceof ConnectError) return error;
  const { code, message, hint, cause, retryAfterSeconds } = error;
  return new ConnectError(code, message, { ...location, hint, cause, retryAfterSeconds });
}
