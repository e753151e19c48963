/** The mail servers and the secrets of one account. */

/** Address of an IMAP or SMTP server. `tls` speaks TLS from the first byte; `starttls` requires STARTTLS. */
export type MailServer = {
  host: string;
  port: number;
  security: "tls" | "starttls";
  /** SHA-256 of the DER of the only certificate that is accepted, 64 hex digits; absent where authorities decide. */
  certificate?: string | undefined;
};

/** The certificate of a server, as a person compares it before accepting it. */
export type ServerCertificate = {
  /** SHA-256 of the DER, 64 lower-case hex digits. */
  fingerprint: string;
  /** Host names and addresses that it is for; plain characters only. */
  names: readonly string[];
  /** End of its validity, in milliseconds since the epoch. */
  validTo: number;
  /** True when a known authority issued it. */
  isTrusted: boolean;
};

/** Everything needed to log in to one account. Unsealed by the vault for one call, stored nowhere else. */
export type Credentials = {
  address: string;
  /** Display name for From, as found in the person's sent mail; absent when none was found. */
  name?: string;
  username: string;
  password: string;
  /** Key of the preset it was connected with; "generic" for servers that were typed in. */
  provider: string;
  imap: MailServer;
  /** Absent when the account was connected for reading only. */
  smtp?: MailServer;
};

/**
 * The account that a connection or a submission belongs to. Pools key by grant and account, never by a typed address:
 * a server of an attacker's own accepts any login for any address.
 */
export type ConnectionOwner = { grantId: string; accountId: string; credentials: Credentials };
