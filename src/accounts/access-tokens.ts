/**
 * Access tokens of signed-in accounts: kept in memory, renewed on demand, one renewal per account at a time.
 *
 * A refresh token that the issuer replaces (RFC 6749 section 6) is written before the new access token is used: an
 * issuer takes the use of a replaced one for a theft and ends the sign-in.
 */

import { raceAbort } from "../abort.ts";
import type { Clock } from "../clock.ts";
import type { AccessToken, AccessTokens } from "../credentials.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { createLru } from "../lru.ts";
import type { Issuer } from "../signin/issuer.ts";
import { SignInError } from "../signin/sign-in-error.ts";
import type { IssuedTokens, Upstream } from "../signin/upstream.ts";
import type { SignInCredentials } from "./stored-credentials.ts";

/** The stored sign-in of one account. */
type StoredSignIn = {
  grantId: string;
  accountId: string;
  /** Reads the current sign-in; undefined when the account is gone. */
  read(): Promise<Pick<SignInCredentials, "issuer" | "tenant" | "refreshToken"> | undefined>;
  /** Writes a new refresh token. Returns false when the account is gone. Throws storage_full. */
  write(refreshToken: string): Promise<boolean>;
};

/** `renewAt`: when it is replaced before its end. `unsaved`: its refresh token, while it could not be written. */
type HeldToken = AccessToken & { renewAt: number; unsaved?: string | undefined };

/** Time before its end at which a token is replaced; less for tokens that live for minutes only. */
const marginMs = 60_000;
/** Accounts whose token is kept. */
const maxHeld = 10_000;

export type AccessTokenStore = ReturnType<typeof createAccessTokens>;

export function createAccessTokens(deps: {
  issuers: readonly Issuer[];
  upstream: Pick<Upstream, "refresh" | "revoke">;
  clock: Clock;
  log: Pick<Log, "info" | "warn" | "error">;
}) {
  const { issuers, upstream, clock, log } = deps;
  const held = createLru<string, HeldToken>(maxHeld);
  const renewals = new Map<string, Promise<AccessToken>>();
  const toKey = ({ grantId, accountId }: Pick<StoredSignIn, "grantId" | "accountId">) =>
    `${grantId}/${accountId}`;

  function requireIssuer(id: string): Issuer {
    const issuer = issuers.find((each) => each.id === id);
    if (issuer) return issuer;
    throw new AppError("mail_server_failed", "This server no longer has the sign-in of this mailbox.", {
      hint: "Tell the operator of this server; the issuer is missing in its settings.",
    });
  }

  /** Writes the refresh token of a renewal. Without an account the renewal came too late: it is taken back. */
  async function save(
    account: StoredSignIn,
    token: HeldToken,
    issuer: Issuer,
    tenant: string | undefined,
  ): Promise<void> {
    if (token.unsaved === undefined) return;
    if (!(await account.write(token.unsaved))) {
      held.delete(toKey(account));
      revoke(issuer, { value: token.unsaved, tenant });
      throw new AppError("cancelled", "The permission for this mailbox has ended.");
    }
    token.unsaved = undefined;
  }

  async function renew(account: StoredSignIn): Promise<AccessToken> {
    const stored = await account.read();
    if (!stored) throw new AppError("cancelled", "The permission for this mailbox has ended.");
    const issuer = requireIssuer(stored.issuer);
    // The stored one is dead while its replacement could not be written.
    const refreshToken = held.get(toKey(account))?.unsaved ?? stored.refreshToken;
    const issued = await refresh(issuer, { refreshToken, tenant: stored.tenant }, account);
    const token = toHeldToken(issued, stored.refreshToken);
    held.set(toKey(account), token);
    await save(account, token, issuer, stored.tenant);
    return token;
  }

  async function refresh(
    issuer: Issuer,
    { refreshToken, tenant }: { refreshToken: string; tenant?: string | undefined },
    { grantId, accountId }: StoredSignIn,
  ): Promise<IssuedTokens> {
    try {
      return await upstream.refresh(issuer, { refreshToken, tenant });
    } catch (error) {
      if (error instanceof SignInError) logSignInFailure(log, error, { grant: grantId, account: accountId });
      throw error;
    }
  }

  function toHeldToken({ accessToken, expiresAt, refreshToken }: IssuedTokens, current: string): HeldToken {
    const lifetimeMs = expiresAt - clock.now();
    return {
      value: accessToken,
      expiresAt,
      renewAt: expiresAt - Math.min(marginMs, lifetimeMs / 4),
      unsaved: refreshToken === current ? undefined : refreshToken,
    };
  }

  /** Returns the held token unless it is about to end or was refused. */
  async function findHeld(
    account: StoredSignIn,
    refused: string | undefined,
  ): Promise<AccessToken | undefined> {
    const token = held.get(toKey(account));
    if (!token || token.value === refused || token.renewAt <= clock.now()) return undefined;
    const stored = token.unsaved === undefined ? undefined : await account.read();
    if (stored) await save(account, token, requireIssuer(stored.issuer), stored.tenant);
    return token;
  }

  function revoke(issuer: Issuer, token: { value: string; tenant: string | undefined }): void {
    upstream.revoke(issuer, token).catch((error: unknown) => {
      if (error instanceof SignInError) log.warn("sign_in_not_revoked", { issuer: issuer.id });
      else throw error;
    });
  }

  return {
    /** Returns the access tokens of an account, for as long as its sign-in lasts. */
    forAccount(account: StoredSignIn): AccessTokens {
      return async ({ signal, refused }) => {
        const known = await findHeld(account, refused);
        if (known) return known;
        const key = toKey(account);
        // A caller who goes away must not end the renewal: its answer may hold the only valid refresh token.
        const renewal = renewals.get(key) ?? renew(account).finally(() => renewals.delete(key));
        renewals.set(key, renewal);
        return raceAbort(signal, renewal);
      };
    },

    /** Asks the issuer to end a sign-in (RFC 7009), where it has an endpoint for that. Does not wait for it. */
    revoke({
      issuer: id,
      tenant,
      refreshToken,
    }: Pick<SignInCredentials, "issuer" | "tenant" | "refreshToken">) {
      const issuer = issuers.find((each) => each.id === id);
      if (issuer) revoke(issuer, { value: refreshToken, tenant });
    },

    /** Forgets the tokens of a grant that has ended. */
    closeGrant(grantId: string): void {
      for (const key of held.keys()) if (key.startsWith(`${grantId}/`)) held.delete(key);
    },
  };
}

/** Logs a failed sign-in or renewal: `sign_in_client_refused` is for an alert, since no sign-in works until then. */
export function logSignInFailure(
  log: Pick<Log, "info" | "error">,
  { reason, issuer }: SignInError,
  fields: { grant?: string; account?: string; requestId?: string } = {},
): void {
  if (reason === "client_refused") log.error("sign_in_client_refused", { ...fields, issuer: issuer.id });
  else log.info("sign_in_failed", { ...fields, issuer: issuer.id, reason });
}
