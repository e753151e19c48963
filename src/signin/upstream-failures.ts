/** Converts openid-client's errors to SignInErrors. Goes by OAuth error codes and Microsoft's AADSTS numbers. */
import { AuthorizationResponseError, ResponseBodyError } from "openid-client";
import type { Issuer } from "./issuer.ts";
import { SignInError, type SignInReason } from "./sign-in-error.ts";

type Stage = "request" | "response" | "refresh" | "revocation";

/** Microsoft's numbers, which say more than its OAuth error codes. */
const microsoftReasons: Readonly<Record<string, SignInReason>> = {
  65004: "consent_refused",
  90094: "admin_approval",
  90095: "admin_approval",
  90099: "admin_approval",
  53000: "conditional_access",
  53001: "conditional_access",
  53002: "conditional_access",
  53003: "conditional_access",
  53004: "conditional_access",
  700016: "client_refused",
  7000215: "client_refused",
  7000222: "client_refused",
};

/** RFC 6749 sections 4.1.2.1 and 5.2. */
const oauthReasons: Readonly<Record<string, SignInReason>> = {
  access_denied: "consent_refused",
  consent_required: "consent_refused",
  invalid_client: "client_refused",
  unauthorized_client: "client_refused",
  temporarily_unavailable: "issuer_down",
  server_error: "issuer_down",
};

/** openid-client's codes for a response that was read and is not what it must be. */
const untrustedCodes: ReadonlySet<unknown> = new Set([
  "OAUTH_INVALID_RESPONSE",
  "OAUTH_JWT_CLAIM_COMPARISON_FAILED",
  "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED",
  "OAUTH_JWT_TIMESTAMP_CHECK_FAILED",
  "OAUTH_PARSE_ERROR",
  "OAUTH_KEY_SELECTION_FAILED",
]);

/** Never throws. */
export function toSignInError(error: unknown, issuer: Issuer, stage: Stage): SignInError {
  if (error instanceof SignInError) return error;
  return new SignInError(toReason(error, stage), issuer, { cause: error });
}

function toReason(error: unknown, stage: Stage): SignInReason {
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    const [, number = ""] = /\bAADSTS(\d+)/.exec(error.error_description ?? "") ?? [];
    const known = microsoftReasons[number] ?? oauthReasons[error.error];
    if (known) return known;
    if (error instanceof ResponseBodyError && error.status >= 500) return "issuer_down";
    // RFC 6749 section 5.2, invalid_grant above all; interaction_required where a second factor is wanted anew.
    return stage === "refresh" ? "ended" : "untrusted";
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return untrustedCodes.has(code) ? "untrusted" : "issuer_down";
}
