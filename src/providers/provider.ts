import type { MailServer } from "../credentials.ts";

/** A mail company in our table. */
export type Provider = {
  /** What the form and the tools call it: icloud, fastmail, … */
  id: string;
  name: string;
  /** Address domains that are this company's; lower case. */
  domains: readonly string[];
  /** MX host suffixes that show this company behind somebody's own domain. */
  mxSuffixes?: readonly string[];
  imap: MailServer;
  smtp: MailServer;
  /** What the user name is: the whole address, or the part before @. */
  username: "address" | "local-part" | "address-then-local-part";
  appPassword: {
    /** needed: the usual password is refused; unavailable: the company takes no passwords over IMAP any more. */
    kind: "needed" | "optional" | "unavailable";
    /** https link where the person makes one. */
    url?: string;
    /** One or two lines: how. */
    steps: string;
  };
  /** Files sent mail by itself (no APPEND to Sent). */
  filesSentMail: boolean;
  /** The servers are the person's own to name (a bridge, a home server); ours are only the usual guess. */
  ownServers?: boolean;
};
