/** A mail company and its servers, as the presets describe it. */
import type { MailServer } from "../credentials.ts";

export type Provider = {
  /** The id in forms and tools: icloud, fastmail, … */
  id: string;
  name: string;
  /** Address domains of this company, in lower case. */
  domains: readonly string[];
  /** Suffixes of MX host names by which this company is recognized behind a customer's own domain. */
  mxSuffixes?: readonly string[];
  imap: MailServer;
  smtp: MailServer;
  /** The user name of the login: the whole address, or the part before the @. */
  username: "address" | "local-part" | "address-then-local-part";
  appPassword: {
    /** needed: the account password is refused. unavailable: the company no longer accepts passwords over IMAP. */
    kind: "needed" | "optional" | "unavailable";
    /** https URL of the page where an app password is created. */
    url?: string;
    /** Instructions in one or two lines. */
    steps: string;
  };
  /** The issuer at which its mailboxes can be opened, where the operator of this server may register. */
  issuerName?: string;
  /** The SMTP server stores sent mail itself, so no APPEND to Sent is needed. */
  filesSentMail: boolean;
  /** The servers differ for each person (a bridge, a home server): those given here are only a first guess. */
  ownServers?: boolean;
};
