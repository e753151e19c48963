/** Failures of the OAuth protocol, in the error codes of the RFCs. */
import type { Log } from "../log.ts";
import type { ClosedClient } from "./known-clients.ts";

export type OAuthErrorCode =
  | "invalid_request" // RFC 6749 sections 4.1.2.1 and 5.2
  | "invalid_client"
  | "invalid_grant"
  | "unsupported_grant_type"
  | "unsupported_response_type"
  | "invalid_target" // RFC 8707 section 2
  | "invalid_redirect_uri" // RFC 7591 section 3.2.2
  | "invalid_client_metadata";

/** The redirect URI to which an error may be sent. It exists only once the client and the URI are proven. */
export type ProvenRedirect = {
  uri: string;
  /** `state` as it stood in the query, still percent-encoded; undefined when absent. */
  rawState: string | undefined;
};

/** A failure to report to the client. The description is plain ASCII without quotes and backslashes (RFC 6749). */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly redirect: ProvenRedirect | undefined;
  /** True when the client tried HTTP Basic: a 401 must then carry WWW-Authenticate (RFC 6749 section 5.2). */
  readonly basic: boolean;

  /** A redirect URI of an authorization request that is not accepted, for the page to name. */
  readonly refusedRedirectUri: string | undefined;

  /** The program that the operator could let in. */
  readonly closed: ClosedClient | undefined;

  constructor(
    code: OAuthErrorCode,
    description: string,
    options: {
      redirect?: ProvenRedirect | undefined;
      basic?: boolean;
      refusedRedirectUri?: string | undefined;
      closed?: ClosedClient | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(description, { cause: options.cause });
    this.name = "OAuthError";
    this.code = code;
    this.redirect = options.redirect;
    this.basic = options.basic ?? false;
    this.closed = options.closed;
    this.refusedRedirectUri = options.refusedRedirectUri;
  }

  get status(): 400 | 401 {
    return this.code === "invalid_client" ? 401 : 400;
  }
}

/** Logs the setting that would let a refused client in: the operator reads it there, too. */
export function logRefusedClient(log: Log, { closed, refusedRedirectUri }: OAuthError): void {
  if (closed) log.warn("client_refused", { client: closed.id, setting: closed.setting });
  else if (refusedRedirectUri !== undefined && URL.canParse(refusedRedirectUri)) {
    const host = new URL(refusedRedirectUri).host.slice(0, 100);
    log.warn("client_refused", { host, setting: "ALLOWED_REDIRECT_URIS" });
  }
}
