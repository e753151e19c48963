/** What each page needs to be drawn. Pages take these, answer HTML text, and do nothing else. */
import type { FailureCode } from "../errors.ts";
import type { DiscoveredServers } from "../providers/discover.ts";
import type { ConnectForm, FormField } from "./connect-form.ts";
import type { Language } from "./text/language.ts";

/** Servers that belong to an address, and how we know. */
export type { DiscoveredServers };

/** What went wrong, in codes; the page has the words. An AppError fits, a ConnectError fills all of it. */
export type Problem = {
  code: FailureCode;
  field?: FormField | undefined;
  /** Which of the two logins. */
  side?: "imap" | "smtp" | undefined;
  retryAfterSeconds?: number | undefined;
  /** What was looked up on the way. */
  found?: DiscoveredServers | undefined;
};

export type ConnectPageProps = {
  language: Language;
  /** The host of the redirect: who is given access. Shown large. */
  redirectHost: string;
  /** What was typed so far; its password is never rendered. */
  form: ConnectForm;
  /** What was looked up for the address, when it was. */
  found?: DiscoveredServers | undefined;
  problem?: Problem | undefined;
  /** Addresses connected in this passage already: the level is settled, the form adds one more. */
  connected?: readonly string[] | undefined;
};

export type ConnectedPageProps = {
  language: Language;
  redirectHost: string;
  /** The sealed request to go on with. */
  request: string;
  /** In the order they were connected. */
  accounts: readonly { address: string; canSend: boolean }[];
};

/** A dead end, said kindly: which one decides the words. */
export type NoticePageProps = {
  language: Language;
  notice:
    | "request_invalid" // the client asked for something that is not OAuth as we speak it
    | "client_unknown"
    | "redirect_refused"
    | "request_expired" // the form lay open for more than ten minutes, or was used already
    | "cross_site"
    | "rate_limited"
    | "not_found"
    | "failed"; // our own bug
  retryAfterSeconds?: number | undefined;
};

export type LandingPageProps = {
  language: Language;
  /** BASE/mcp: what is typed into a client. */
  connectorUrl: string;
};
