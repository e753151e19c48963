/** Failures of a sign-in at an issuer: AppErrors with the reason, for which the page has a sentence. */
import { AppError, type FailureCode } from "../errors.ts";
import type { Issuer } from "./issuer.ts";

export type SignInReason = keyof typeof reasons;

type Failure = { code: FailureCode; message: (name: string) => string; hint: (name: string) => string };

const again = (name: string) => `Connect the mailbox again and sign in at ${name}.`;
const operator = () => "Tell the operator of this server.";

/** The reasons with their texts for a model, and for a page that has no better one. */
const reasons = {
  /** The person did not agree. */
  consent_refused: {
    code: "permission_missing",
    message: (name) => `The permission was not given at ${name}.`,
    hint: again,
  },
  /** An administrator of the person's organization has to agree first (AADSTS90094). */
  admin_approval: {
    code: "permission_missing",
    message: (name) => `At ${name} an administrator has to approve this program first.`,
    hint: () => "Ask the administrator of your organization.",
  },
  /** A rule of the organization about devices, places or networks (AADSTS53003). */
  conditional_access: {
    code: "permission_missing",
    message: (name) => `A rule of the organization does not allow this sign-in at ${name}.`,
    hint: () => "Ask the administrator of your organization.",
  },
  /** The client's id or secret is wrong or has expired. */
  client_refused: {
    code: "mail_server_failed",
    message: (name) => `${name} does not accept this server's own registration.`,
    hint: operator,
  },
  issuer_down: {
    code: "mail_server_busy",
    message: (name) => `${name} does not answer at the moment.`,
    hint: () => "Try again in a minute.",
  },
  /** The refresh token was revoked or has expired. */
  ended: {
    code: "login_refused",
    message: (name) => `The sign-in at ${name} has ended.`,
    hint: () => "Connect the mailbox again.",
  },
  no_refresh_token: {
    code: "mail_server_failed",
    message: (name) => `${name} gave no lasting permission.`,
    hint: operator,
  },
  /** The person left out the permission for the mailbox. */
  scope_missing: {
    code: "permission_missing",
    message: (name) => `The permission to read mail was not given at ${name}.`,
    hint: again,
  },
  /** The mail server does not open the typed address to the person who signed in. */
  wrong_account: {
    code: "login_refused",
    message: (name) => `The account chosen at ${name} does not open this mailbox.`,
    hint: again,
  },
  /** The mail server offers neither OAUTHBEARER nor XOAUTH2. */
  not_offered: {
    code: "login_unsupported",
    message: (name) => `The mail server of ${name} takes no sign-ins.`,
    hint: operator,
  },
  /** The mail server did not let the login come about, for a reason that says nothing about the account. */
  mail_server: {
    code: "mail_server_busy",
    message: (name) => `The mail server of ${name} did not answer as it should.`,
    hint: () => "Try again in a minute.",
  },
  /** The response is not the issuer's, or not the one to this request. */
  untrusted: {
    code: "mail_server_failed",
    message: (name) => `The answer of ${name} could not be verified.`,
    hint: again,
  },
} as const satisfies Record<string, Failure>;

export class SignInError extends AppError {
  readonly reason: SignInReason;
  readonly issuer: { id: string; name: string };
  /** Where an administrator approves this program for the organization; undefined where there is no such page. */
  readonly adminConsentUrl: string | undefined;

  constructor(reason: SignInReason, issuer: Issuer, options: { cause?: unknown } = {}) {
    const { code, message, hint } = reasons[reason];
    super(code, message(issuer.name), { hint: hint(issuer.name), cause: options.cause });
    this.name = "SignInError";
    this.reason = reason;
    this.issuer = { id: issuer.id, name: issuer.name };
    this.adminConsentUrl = reason === "admin_approval" ? toAdminConsentUrl(issuer) : undefined;
  }
}

/** Microsoft's page for administrators; only its issuer has tenants. */
function toAdminConsentUrl({ tenant, clientId }: Issuer): string | undefined {
  if (tenant === undefined) return undefined;
  return `https://login.microsoftonline.com/${tenant}/adminconsent?${new URLSearchParams({ client_id: clientId })}`;
}
