/** The input of each page. A page is a pure function from its props to HTML. */
import type { ServerCertificate } from "../credentials.ts";
import type { FailureCode } from "../errors.ts";
import type { DiscoveredServers } from "../providers/discover.ts";
import type { ConnectForm, FormField } from "./connect-form.ts";
import type { Language } from "./text/language.ts";

/** A failure in codes; the page has the texts. */
export type Problem = {
  code: FailureCode;
  field?: FormField | undefined;
  /** The login that failed. */
  side?: "imap" | "smtp" | undefined;
  retryAfterSeconds?: number | undefined;
  /** The servers discovered before the failure. */
  found?: DiscoveredServers | undefined;
  /** The certificates that the person can accept, where the login failed because no known authority issued them. */
  certificates?: { imap?: ServerCertificate | undefined; smtp?: ServerCertificate | undefined } | undefined;
};

export type ConnectPageProps = {
  language: Language;
  /** The host of the redirect URI, which names the client that gets access. */
  redirectHost: string;
  /** The values entered so far; the password is never rendered. */
  form: ConnectForm;
  /** The servers discovered for the address. */
  found?: DiscoveredServers | undefined;
  problem?: Problem | undefined;
  /** The addresses connected in this flow already. With any, the level is fixed and the form adds an account. */
  connected?: readonly string[] | undefined;
};

export type ConnectedPageProps = {
  language: Language;
  redirectHost: string;
  /** The sealed authorization request. */
  request: string;
  /** In the order in which they were connected. */
  accounts: readonly { address: string; canSend: boolean }[];
  /** Number of refused passwords for these addresses in the day before they were connected. */
  failedGuesses: number;
};

/** An error that the person cannot correct in a form. */
export type NoticePageProps = {
  language: Language;
  notice:
    | "request_invalid" // the client sent an invalid authorization request
    | "client_unknown"
    | "redirect_refused"
    | "request_expired" // the form is older than ten minutes, or was used already
    | "cross_site"
    | "rate_limited"
    | "not_found"
    | "failed"; // a bug of this server
  retryAfterSeconds?: number | undefined;
};

export type LandingPageProps = {
  language: Language;
  /** The URL to enter in a client: PUBLIC_URL/mcp. */
  connectorUrl: string;
};
