/**
 * Redeeming an authorization code or a refresh token (RFC 6749 sections 4.1.3 and 6). Each redemption is one
 * synchronous transaction: no second request runs between the check and the write, and no token is answered before
 * it is on disk.
 */
import { and, desc, eq, isNull, sql } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/open.ts";
import { authorizationCodes, grants, tokens } from "../db/schema.ts";
import { hashSecret, newToken, type Secrets, toCodeChallenge } from "../secrets.ts";
import { toTokenScope } from "./metadata.ts";
import { OAuthError } from "./oauth-error.ts";
import { toWrapContext } from "./wrap-context.ts";

/** The access token response (RFC 6749 section 5.1). */
export type TokenResponse = {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  refresh_token: string;
  scope: string;
};

/** Time for which a rotated refresh token still works: for a concurrent request, or a response that was lost. */
export const refreshGraceMs = 60_000;

/** Minimum lifetime of a refresh token, and of a grant that is not used. */
const refreshLifetimeMs = 180 * 86_400_000;

/** Maximum number of tokens per grant and kind, so that a client refreshing in a loop cannot fill the disk. */
const maxTokensPerKind = 500;

/** The value of a wrapped key after its deletion. */
export const deletedKey = Buffer.alloc(0);

/** A refused redemption: the error for the client, and the grant that ends because of it. */
type Refusal = { refused: OAuthError; ends?: { grantId: string; reason: GrantEndReason } | undefined };

/** The reason why a grant ends. `code_misused`: its code was spent by a request with a wrong proof. */
export type GrantEndReason =
  | "revoked"
  | "expired"
  | "code_replayed"
  | "code_misused"
  | "refresh_token_reused";

export function createTokens(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  config: Pick<Config, "accessTokenLifetimeSeconds">;
  /** Deletes a grant with everything that belongs to it. */
  end(grantId: string, reason: GrantEndReason): void;
}) {
  const { db, secrets, clock, config } = deps;

  /** Issues a pair of tokens. Returns undefined when the grant has ended. */
  function issue(grantId: string, dataKey: Uint8Array): TokenResponse | undefined {
    const now = clock.now();
    const accessMs = config.accessTokenLifetimeSeconds * 1000;
    // A refresh token must outlive its access token.
    const refreshMs = Math.max(refreshLifetimeMs, 2 * accessMs);
    const grant = db
      .update(grants)
      .set({ lastUsedAt: now, expiresAt: now + refreshMs })
      .where(and(eq(grants.id, grantId), eq(grants.state, "live")))
      .returning({ level: grants.level })
      .get();
    if (!grant) return undefined;
    return {
      access_token: storeToken({ kind: "access", grantId, dataKey, lifetimeMs: accessMs }),
      token_type: "Bearer",
      expires_in: config.accessTokenLifetimeSeconds,
      refresh_token: storeToken({ kind: "refresh", grantId, dataKey, lifetimeMs: refreshMs }),
      scope: toTokenScope(grant.level),
    };
  }

  /** Stores a new token's hash, with the data key wrapped under the token, and returns the token. */
  function storeToken({ kind, grantId, dataKey, lifetimeMs }: NewToken): string {
    const token = newToken();
    const now = clock.now();
    db.insert(tokens)
      .values({
        hash: hashSecret(token),
        kind,
        grantId,
        wrappedKey: secrets.wrapKey(dataKey, token, toWrapContext(kind, grantId)),
        createdAt: now,
        expiresAt: now + lifetimeMs,
      })
      .run();
    deleteExcessTokens(grantId, kind);
    return token;
  }

  function deleteExcessTokens(grantId: string, kind: TokenKind): void {
    const excess = db
      .select({ hash: tokens.hash })
      .from(tokens)
      .where(and(eq(tokens.grantId, grantId), eq(tokens.kind, kind)))
      .orderBy(desc(tokens.createdAt), sql`rowid desc`)
      .offset(maxTokensPerKind)
      .limit(1_000)
      .all();
    for (const { hash } of excess) db.delete(tokens).where(eq(tokens.hash, hash)).run();
  }

  function spendCode(request: CodeRequest): TokenResponse | Refusal {
    const hash = hashSecret(request.code);
    const now = clock.now();
    // The code is marked as spent before any check, so that every later request finds it spent.
    const spent = db
      .update(authorizationCodes)
      .set({ consumedAt: now })
      .where(and(eq(authorizationCodes.hash, hash), isNull(authorizationCodes.consumedAt)))
      .returning()
      .get();
    if (!spent) {
      const replayed = db.select().from(authorizationCodes).where(eq(authorizationCodes.hash, hash)).get();
      return {
        refused: invalidGrant("The code is unknown or was used."),
        ends: replayed && { grantId: replayed.grantId, reason: "code_replayed" },
      };
    }
    const mismatch = findMismatch(spent, request, now);
    // No client can use this grant any more: its code is spent.
    if (mismatch) return { refused: mismatch, ends: { grantId: spent.grantId, reason: "code_misused" } };
    const context = toWrapContext("code", spent.grantId);
    const dataKey = secrets.unwrapKey(spent.wrappedKey, request.code, context);
    db.update(authorizationCodes)
      .set({ wrappedKey: deletedKey })
      .where(eq(authorizationCodes.hash, hash))
      .run();
    return issue(spent.grantId, dataKey) ?? { refused: invalidGrant("The code is unknown or was used.") };
  }

  function spendRefreshToken(request: RefreshRequest): TokenResponse | Refusal {
    const hash = hashSecret(request.refreshToken);
    const now = clock.now();
    const unknown = { refused: invalidGrant("The refresh token is unknown or has expired.") };
    const row = db
      .select({ token: tokens, clientId: grants.clientId })
      .from(tokens)
      .innerJoin(grants, eq(grants.id, tokens.grantId))
      .where(and(eq(tokens.hash, hash), eq(tokens.kind, "refresh")))
      .get();
    if (!row || row.clientId !== request.clientId || row.token.expiresAt <= now) return unknown;
    const { grantId, replacedAt, wrappedKey } = row.token;
    // RFC 9700 section 4.14.2: two parties hold the token, and the legitimate one cannot be told from the thief. A
    // deleted key means that the grace period is over, also when the clock was set back.
    if (replacedAt !== null && (now - replacedAt > refreshGraceMs || wrappedKey.length === 0))
      return {
        refused: invalidGrant("The refresh token was used before."),
        ends: { grantId, reason: "refresh_token_reused" },
      };
    const dataKey = secrets.unwrapKey(wrappedKey, request.refreshToken, toWrapContext("refresh", grantId));
    if (replacedAt === null) db.update(tokens).set({ replacedAt: now }).where(eq(tokens.hash, hash)).run();
    return issue(grantId, dataKey) ?? unknown;
  }

  /** Runs a redemption in a transaction that is committed also when it refuses, so that a spent code stays spent. */
  function commit(spend: () => TokenResponse | Refusal): TokenResponse {
    const outcome = db.transaction(spend, { behavior: "immediate" });
    if (!("refused" in outcome)) return outcome;
    if (outcome.ends) deps.end(outcome.ends.grantId, outcome.ends.reason);
    throw outcome.refused;
  }

  return {
    /** Redeems an authorization code. Throws OAuthError invalid_grant or invalid_request; a replay ends the grant. */
    redeemCode: (request: CodeRequest) => commit(() => spendCode(request)),

    /** Rotates a refresh token. Throws OAuthError invalid_grant; reuse after `refreshGraceMs` ends the grant. */
    refresh: (request: RefreshRequest) => commit(() => spendRefreshToken(request)),
  };
}

type TokenKind = "access" | "refresh";

type NewToken = { kind: TokenKind; grantId: string; dataKey: Uint8Array; lifetimeMs: number };

type CodeRequest = {
  code: string;
  clientId: string;
  redirectUri: string | undefined;
  /** Undefined when missing or malformed (RFC 7636 section 4.1). */
  codeVerifier: string | undefined;
};

type RefreshRequest = { refreshToken: string; clientId: string };

/** Compares a token request with what its code is bound to, and returns the error of the first mismatch. */
function findMismatch(
  code: typeof authorizationCodes.$inferSelect,
  request: CodeRequest,
  now: number,
): OAuthError | undefined {
  if (code.expiresAt <= now) return invalidGrant("The code has expired.");
  if (code.clientId !== request.clientId) return invalidGrant("The code was issued to another client.");
  if (code.redirectUriHash !== hashSecret(request.redirectUri ?? ""))
    return invalidGrant("redirect_uri is not the one of the authorization request.");
  if (request.codeVerifier === undefined)
    return new OAuthError("invalid_request", "code_verifier must be 43 to 128 unreserved characters.");
  if (toCodeChallenge(request.codeVerifier) !== code.codeChallenge)
    return invalidGrant("code_verifier does not match the code challenge.");
  return undefined;
}

function invalidGrant(description: string): OAuthError {
  return new OAuthError("invalid_grant", description);
}
