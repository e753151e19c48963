/** The type of an issuer at which a person signs in to a mailbox. */
import type { MailServer } from "../credentials.ts";

export type Issuer = Readonly<{
  /** Part of the redirect URI: PUBLIC_URL/sign-in/ID. */
  id: string;
  name: string;
  /** The issuer's identifier (RFC 8414 section 2), under which its metadata is published unless `endpoints` are given. */
  url: string;
  endpoints: IssuerEndpoints | undefined;
  clientId: string;
  /** Undefined for a public client. */
  clientSecret: string | undefined;
  /** The tenant to which refresh tokens belong; undefined for issuers without tenants. */
  tenant: string | undefined;
  scopes: readonly string[];
  /** Asked for only at levels that send. */
  sendingScopes: readonly string[];
  /** Address domains, in lower case, besides those of `presets`. */
  domains: readonly string[];
  /** Ids of the presets whose mailboxes are opened by signing in here. */
  presets: readonly string[];
  /** True when these mailboxes can be opened with a password, too. */
  takesPasswords: boolean;
  /** Further parameters of each authorization request. */
  parameters: Readonly<Record<string, string>>;
  /** The `prompt` that asks for the account anew: single sign-on silently reuses the first one. */
  accountPrompt: string;
  /** The only servers that get a token of this issuer. */
  imap: MailServer;
  smtp: MailServer;
}>;

type IssuerEndpoints = Readonly<{
  authorization: string;
  token: string;
  revocation: string | undefined;
}>;
