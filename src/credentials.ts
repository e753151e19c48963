/** The mail servers and the secrets of one account. */
import { AppError } from "./errors.ts";

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

/** A mailbox that the person keeps private. `uidValidity`: decimal digits; `delimiter`: "" where there are no levels. */
export type PrivateMailbox = { path: string; delimiter: string; uidValidity: string };

/** An account and its servers, without a secret. */
export type AccountServers = {
  /** Mailboxes that do not exist for Claude, with all beneath them. */
  privateMailboxes?: readonly PrivateMailbox[] | undefined;
  /** False: the person wants no signature under the emails that Claude writes. */
  signature?: boolean | undefined;
  address: string;
  /** Display name for From, as found in the person's sent mail; absent when none was found. */
  name?: string;
  username: string;
  /** Key of the preset it was connected with; "generic" for servers that were typed in. */
  provider: string;
  imap: MailServer;
  /** Absent when the account was connected for reading only. */
  smtp?: MailServer;
};

/** An access token of an issuer (RFC 6749 section 1.4). `expiresAt`: milliseconds since the epoch. */
export type AccessToken = { value: string; expiresAt: number };

/**
 * Resolves with an access token for the account's servers. `refused`: the value of a token that a server refused, which
 * is not returned again. Rejects with AppErrors: login_refused when the sign-in has ended, mail_server_busy when the
 * issuer does not answer, mail_server_failed when it does not accept this server, cancelled.
 */
export type AccessTokens = (options: { signal: AbortSignal; refused?: string }) => Promise<AccessToken>;

/** The secret of an account: a password, or access tokens of the issuer at which the person signed in. */
type LoginSecret = { password: string } | { tokens: AccessTokens };

/** Everything needed to log in to one account. Unsealed by the vault for one call, stored nowhere else. */
export type Credentials = AccountServers & LoginSecret;

/**
 * The account that a connection or a submission belongs to. Pools key by grant and account, never by a typed address:
 * a server of an attacker's own accepts any login for any address.
 */
export type ConnectionOwner = { grantId: string; accountId: string; credentials: Credentials };

/** The user name and the secret that a login presents to a server. */
export type ServerLogin = { user: string } & ({ pass: string } | { accessToken: string });

/**
 * Runs `attempt` with the account's login. A refused access token is replaced once: the issuer may have ended it before
 * its time. Rejects with the errors of `attempt` and of AccessTokens.
 */
export async function withLogin<T>(
  credentials: Credentials,
  signal: AbortSignal,
  attempt: (login: ServerLogin) => Promise<T>,
): Promise<T> {
  const user = credentials.username;
  if ("password" in credentials) return attempt({ user, pass: credentials.password });
  const { value } = await credentials.tokens({ signal });
  try {
    return await attempt({ user, accessToken: value });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "login_refused") throw error;
    const fresh = await credentials.tokens({ signal, refused: value });
    return attempt({ user, accessToken: fresh.value });
  }
}

/**
 * Returns the credentials with a report of each access token's expiry, so that a connection ends with the token of its
 * login.
 */
export function watchExpiry(credentials: Credentials, onExpiry: (expiresAt: number) => void): Credentials {
  if ("password" in credentials) return credentials;
  const { tokens, ...servers } = credentials;
  return {
    ...servers,
    async tokens(options) {
      const token = await tokens(options);
      onExpiry(token.expiresAt);
      return token;
    },
  };
}
