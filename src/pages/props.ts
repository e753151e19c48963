/** The input of each page. A page is a pure function from its props to HTML. */
import type { ServerCertificate } from "../credentials.ts";
import type { FailureCode } from "../errors.ts";
import type { Level } from "../grant.ts";
import type { DiscoveredServers } from "../providers/discover.ts";
import type { ConnectForm, FormField } from "./connect-form.ts";
import type { Language } from "./text/language.ts";
import type { SignInTexts } from "./text/sign-in.ts";

/** A failure in codes; the page has the texts. */
export type Problem = {
  code: FailureCode;
  field?: FormField | undefined;
  /** The login that failed. */
  side?: "imap" | "smtp" | undefined;
  retryAfterSeconds?: number | undefined;
  /** The servers discovered before the failure. */
  found?: DiscoveredServers | undefined;
  /** A failed sign-in at an issuer; `name` is the issuer's. */
  signIn?: { reason: SignInProblem; name: string; adminConsentUrl?: string | undefined } | undefined;
  /** The certificates that the person can accept, where the login failed because no known authority issued them. */
  certificates?: { imap?: ServerCertificate | undefined; smtp?: ServerCertificate | undefined } | undefined;
};

/** Why a sign-in failed; `unavailable`: the operator has configured no issuer for the address. */
type SignInProblem = keyof SignInTexts["problem"];

/** An issuer at which people may sign in. */
export type SignInOffer = {
  name: string;
  /** Ids of the presets whose mailboxes it opens. */
  providers: readonly string[];
  domains: readonly string[];
  /** True when a password works there, too. */
  takesPasswords: boolean;
};

/** The person or company that runs this server. */
export type Operator = {
  name: string | undefined;
  /** URIs (mailto:, https:, tel:), the preferred one first. */
  contacts: readonly string[];
};

/** The part of every page's props that its frame needs. */
export type PageFrame = { language: Language; operator: Operator };

export type ConnectPageProps = PageFrame & {
  /** The host of the redirect URI, which names the client that gets access. */
  redirectHost: string;
  /** The values entered so far; the password is never rendered. */
  form: ConnectForm;
  /** The servers discovered for the address. */
  found?: DiscoveredServers | undefined;
  problem?: Problem | undefined;
  /** True when the operator opened 127.0.0.1, where a bridge beside this server listens. */
  bridgeOpened: boolean;
  /** The issuers of this server, and the one of the entered address. Absent: there are none. */
  signIn?: { offers: readonly SignInOffer[]; offered: SignInOffer | undefined } | undefined;
  /** The addresses connected in this flow already. With any, the level is fixed and the form adds an account. */
  connected?: readonly string[] | undefined;
  /** The account is added to a live connection, from the person's own page. */
  isExtension?: boolean | undefined;
};

export type ConnectedPageProps = PageFrame & {
  redirectHost: string;
  /** The sealed authorization request. */
  request: string;
  /** In the order in which they were connected. */
  accounts: readonly { address: string; canSend: boolean }[];
  /** The names of the issuers of all accounts, where each was connected by a sign-in. */
  issuerNames?: readonly string[] | undefined;
  /** Why the account that was just connected cannot send, where its sign-in was meant for sending. */
  sendingProblem?: keyof SignInTexts["sending"] | undefined;
  /** The level that the grant will have. */
  level: Level;
  /** Names of mailboxes that were to be private, and those of them that no account has. */
  privateMailboxes?: readonly string[] | undefined;
  unknownMailboxes?: readonly string[] | undefined;
  /** Number of refused passwords for these addresses in the day before they were connected. */
  failedGuesses: number;
  /** Number of registered passkeys; undefined where none is offered. */
  passkeys?: number | undefined;
  /** The outcome of a registration. */
  passkey?: "added" | "failed" | undefined;
};

/** An error that the person cannot correct in a form. */
export type NoticePageProps = PageFrame & {
  notice:
    | "request_invalid" // the client sent an invalid authorization request
    | "client_unknown"
    | "client_closed" // a known program that the operator has not let in
    | "redirect_refused"
    | "request_expired" // the form is older than an hour
    | "already_connected" // the request has a code
    | "cancelled" // the person refused the request
    | "cross_site"
    | "sign_in_other_browser" // it came back from an issuer without the cookie of the browser that left
    | "sign_in_unknown" // its state is unknown, spent or expired
    | "rate_limited"
    | "not_found"
    | "link_expired" // a download link that was used, or is too old
    | "failed"; // a bug of this server
  retryAfterSeconds?: number | undefined;
  /** The client, where it is known. */
  redirectHost?: string | undefined;
  /** The program's name, and the setting that would let it in, for client_closed. */
  closed?: { name: string; setting: string } | undefined;
  /** The redirect URI that was refused, for redirect_refused. */
  refusedRedirectUri?: string | undefined;
  /** The path that opens the form once more, for already_connected. */
  link?: string | undefined;
};

export type LandingPageProps = PageFrame & {
  /** The URL to enter in a client: PUBLIC_URL/mcp. */
  connectorUrl: string;
};
