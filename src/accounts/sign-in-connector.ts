/**
 * Connecting an account whose person signed in at an issuer. The proof is a login at the issuer's own mail server as
 * the typed address: that lets in aliases and shared mailboxes, and needs no claim of the issuer. Stores nothing.
 */
import { withDeadline } from "../abort.ts";
import type { Config } from "../config.ts";
import type { AccessTokens, Credentials, MailServer } from "../credentials.ts";
import { AppError, type FailureCode } from "../errors.ts";
import type { Level } from "../grant.ts";
import type { Limits } from "../http/rate-limit.ts";
import { hasScopes, includesSending } from "../signin/choose-issuer.ts";
import type { Issuer } from "../signin/issuer.ts";
import { SignInError, type SignInReason } from "../signin/sign-in-error.ts";
import type { IssuedTokens } from "../signin/upstream.ts";
import { requireAddress } from "./address.ts";
import type { SignInCredentials } from "./stored-credentials.ts";

/** The mailbox to connect. `provider`: the id of its preset, or "generic". */
type SignInRequest = { address: string; provider: string; level: Level };

/**
 * The reason why an account was connected without sending: the person did not allow it, the organization has switched
 * it off, or the login failed for now.
 */
export type SendingProblem = "not_allowed" | "switched_off" | "failed";

type Logins = {
  proveImap(
    credentials: Credentials,
    signal: AbortSignal,
    options: { writes: boolean; openedOnly: boolean },
  ): Promise<string | undefined>;
  proveSmtp(credentials: Credentials, signal: AbortSignal): Promise<void>;
};

/** Why a login over IMAP failed; every other failure is the mail server's own. */
const loginReasons: Partial<Record<FailureCode, SignInReason>> = {
  login_refused: "wrong_account",
  login_unsupported: "not_offered",
};

export type SignInConnector = ReturnType<typeof createSignInConnector>;

/** Deadline of one login, as in account-connector.ts. */
const loginMs = 25_000;

export function createSignInConnector(
  deps: Logins & { config: Pick<Config, "allowedEmails">; limits: Pick<Limits, "withLogin"> },
) {
  const { config, limits } = deps;

  /** Logs in to IMAP as the typed address. Throws SignInError wrong_account, not_offered or mail_server. */
  async function proveReading(
    issuer: Issuer,
    credentials: Credentials,
    options: { writes: boolean; signal: AbortSignal },
  ): Promise<string | undefined> {
    try {
      const { writes, signal } = options;
      return await deps.proveImap(credentials, withDeadline(signal, loginMs), { writes, openedOnly: false });
    } catch (error) {
      if (!(error instanceof AppError) || error instanceof SignInError || options.signal.aborted) throw error;
      throw new SignInError(loginReasons[error.code] ?? "mail_server", issuer, { cause: error });
    }
  }

  /** Logs in to SMTP. Returns the problem, if there is one: the account is then connected without sending. */
  async function findSendingProblem(
    credentials: Credentials,
    signal: AbortSignal,
  ): Promise<SendingProblem | undefined> {
    try {
      await deps.proveSmtp(credentials, withDeadline(signal, loginMs));
      return undefined;
    } catch (error) {
      if (!(error instanceof AppError) || signal.aborted) throw error;
      return error.code === "not_supported" ? "switched_off" : "failed";
    }
  }

  return {
    /** Checks the address before the person leaves for the issuer. Throws ConnectError. */
    requireAddress: (address: string): string => requireAddress(address, config.allowedEmails),

    /**
     * Proves the logins with the tokens of a sign-in. Throws ConnectError for an address that is not allowed (any more),
     * SignInError, and AppError rate_limited.
     */
    async connect(
      issuer: Issuer,
      tokens: IssuedTokens,
      request: SignInRequest,
      { signal, peer }: { signal: AbortSignal; peer: string },
    ): Promise<{ credentials: SignInCredentials; sendingProblem: SendingProblem | undefined }> {
      const address = requireAddress(request.address, config.allowedEmails);
      if (!hasScopes(tokens.scopes, issuer.scopes)) throw new SignInError("scope_missing", issuer);
      if (tokens.refreshToken === undefined) throw new SignInError("no_refresh_token", issuer);
      const { refreshToken } = tokens;
      const servers = { address, username: address, provider: request.provider, imap: issuer.imap };
      const reading: Credentials = { ...servers, tokens: onlyToken(tokens, issuer) };
      return limits.withLogin({ peer, accounts: [address], signal }, async (login) => {
        const at = <T>(server: MailServer, prove: (placed: AbortSignal) => Promise<T>) =>
          login.at(server, prove);
        const name = await at(issuer.imap, (placed) =>
          proveReading(issuer, reading, { writes: request.level !== "read", signal: placed }),
        );
        const stored: SignInCredentials = {
          ...servers,
          ...(name === undefined ? undefined : { name }),
          issuer: issuer.id,
          tenant: issuer.tenant,
          refreshToken,
        };
        if (!includesSending(request.level)) return { credentials: stored, sendingProblem: undefined };
        if (!hasScopes(tokens.scopes, issuer.sendingScopes))
          return { credentials: stored, sendingProblem: "not_allowed" };
        const sending: Credentials = { ...reading, smtp: issuer.smtp };
        const sendingProblem = await at(issuer.smtp, (placed) => findSendingProblem(sending, placed));
        if (sendingProblem !== undefined) return { credentials: stored, sendingProblem };
        return { credentials: { ...stored, smtp: issuer.smtp }, sendingProblem };
      });
    },

    /**
     * Proves that the person who signed in anew owns an account: a login as its address. Throws SignInError
     * wrong_account, not_offered or mail_server, and AppError rate_limited.
     */
    async prove(
      issuer: Issuer,
      tokens: IssuedTokens,
      address: string,
      { signal, peer }: { signal: AbortSignal; peer: string },
    ): Promise<void> {
      const account = { address, username: address, provider: "generic", imap: issuer.imap };
      const credentials: Credentials = { ...account, tokens: onlyToken(tokens, issuer) };
      await limits.withLogin({ peer, accounts: [address], signal }, (login) =>
        login.at(issuer.imap, (placed) =>
          proveReading(issuer, credentials, { writes: false, signal: placed }),
        ),
      );
    },
  };
}

/** A token that was issued just now: a server that refuses it does so because it is another account's. */
function onlyToken({ accessToken, expiresAt }: IssuedTokens, issuer: Issuer): AccessTokens {
  return async ({ refused }) => {
    if (refused !== undefined) throw new SignInError("wrong_account", issuer);
    return { value: accessToken, expiresAt };
  };
}
