/** What goes wrong between a client and us, in the RFCs' codes. */

export type OAuthErrorCode =
  | "invalid_request" // RFC 6749 4.1.2.1 and 5.2
  | "invalid_client"
  | "invalid_grant"
  | "unsupported_grant_type"
  | "unsupported_response_type"
  | "invalid_target" // RFC 8707 2
  | "invalid_redirect_uri" // RFC 7591 3.2.2
  | "invalid_client_metadata";

/** Where an error may be sent. It exists only once the client and its redirect are proven. */
export type ProvenRedirect = {
  uri: string;
  /** As it stood in the query, still percent-encoded; undefined when there was none. */
  rawState: string | undefined;
};

/** The description is our own words in plain ASCII (RFC 6749 allows no quotes or backslashes in it). */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly redirect: ProvenRedirect | undefined;
  /** Whether the client tried HTTP Basic: then 401 must say so (RFC 6749 5.2). */
  readonly basic: boolean;

  constructor(
    code: OAuthErrorCode,
    description: string,
    options: { redirect?: ProvenRedirect; basic?: boolean; cause?: unknown } = {},
  ) {
    super(description, { cause: options.cause });
    this.name = "OAuthError";
    this.code = code;
    this.redirect = options.redirect;
    this.basic = options.basic ?? false;
  }

  get status(): 400 | 401 {
    return this.code === "invalid_client" ? 401 : 400;
  }
}
