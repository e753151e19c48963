/**
 * Redeeming an authorization code or a refresh token (RFC 6749 sections 4.1.3 and 6). Each redemption is one
 * transaction that begins with a write of what is spent, so that a second one waits for it, and no token is answered
 * before it is on disk.
 */
import { and, eq, isNull } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database, Queries } from "../db/database.ts";
import { authorizationCodes, grants, tokens } from "../db/schema.ts";
import { hashSecret, type Secrets, toCodeChallenge } from "../secrets.ts";
import { OAuthError } from "./oauth-error.ts";
import { createTokenFamilies, deletedKey } from "./token-families.ts";
import { createTokenIssuer, type TokenResponse } from "./token-issuer.ts";
import { toWrapContext } from "./wrap-context.ts";

/** A refused redemption: the error for the client, and the grant that ends because of it. */
type Refusal = { refused: OAuthError; ends?: { grantId: string; reason: GrantEndReason } | undefined };

/**
 * The reason why a grant ends. `code_misused`: its code was spent by a request with a wrong proof. `cancelled`: the person
 * refused, or removed its last account, before a code was issued.
 */
export type GrantEndReason =
  | "revoked"
  | "expired"
  | "cancelled"
  | "code_replayed"
  | "code_misused"
  | "refresh_token_reused";

export function createTokens(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  config: Pick<Config, "accessTokenLifetimeSeconds">;
  /** Deletes a grant with everything that belongs to it. */
  end(grantId: string, reason: GrantEndReason, dataKey?: Uint8Array): Promise<void>;
}) {
  const { db, secrets, clock } = deps;
  const { isShared } = db.replica;
  const issueTokens = createTokenIssuer(deps);
  const families = createTokenFamilies(deps);

  async function spendCode(tx: Queries, request: CodeRequest): Promise<TokenResponse | Refusal> {
    const hash = hashSecret(request.code);
    const now = clock.now();
    // The code is marked as spent before any check, so that every later request finds it spent.
    const spent = await tx
      .update(authorizationCodes)
      .set({ consumedAt: now })
      .where(and(eq(authorizationCodes.hash, hash), isNull(authorizationCodes.consumedAt)))
      .returning()
      .get();
    if (!spent) {
      const replayed = await tx
        .select()
        .from(authorizationCodes)
        .where(eq(authorizationCodes.hash, hash))
        .get();
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
    await tx
      .update(authorizationCodes)
      .set({ wrappedKey: deletedKey })
      .where(eq(authorizationCodes.hash, hash))
      .run();
    return (
      (await issueTokens(tx, spent.grantId, dataKey, null)) ?? {
        refused: invalidGrant("The code is unknown or was used."),
      }
    );
  }

  async function spendRefreshToken(tx: Queries, request: RefreshRequest): Promise<TokenResponse | Refusal> {
    const hash = hashSecret(request.refreshToken);
    const now = clock.now();
    const unknown = { refused: invalidGrant("The refresh token is unknown or has expired.") };
    const find = () =>
      tx
        .select({ token: tokens, clientId: grants.clientId })
        .from(tokens)
        .innerJoin(grants, eq(grants.id, tokens.grantId))
        .where(and(eq(tokens.hash, hash), eq(tokens.kind, "refresh")))
        .get();
    let row = await find();
    // Replicas may refresh tokens of one family at once: which of them die is decided one after the other.
    if (row && isShared) {
      await db.lock(tx, row.token.grantId);
      row = await find();
    }
    if (!row || row.clientId !== request.clientId || row.token.expiresAt <= now) return unknown;
    const { grantId, parentHash, presentedAt, wrappedKey } = row.token;
    // RFC 9700 section 4.14.2: two parties hold the token, and the legitimate one cannot be told from the thief.
    if (wrappedKey.length === 0)
      return {
        refused: invalidGrant("The refresh token was used before."),
        ends: { grantId, reason: "refresh_token_reused" },
      };
    const dataKey = secrets.unwrapKey(wrappedKey, request.refreshToken, toWrapContext("refresh", grantId));
    if (parentHash !== null && presentedAt === null) await families.present(tx, row.token);
    await families.killSiblings(tx, row.token);
    const issued = await issueTokens(tx, grantId, dataKey, hash);
    await families.withdrawExcessSuccessors(tx, row.token);
    return issued ?? unknown;
  }

  /** Runs a redemption in a transaction that is committed also when it refuses, so that a spent code stays spent. */
  async function commit(spend: (tx: Queries) => Promise<TokenResponse | Refusal>): Promise<TokenResponse> {
    const outcome = await db.transaction(async (tx) => spend(tx));
    if (!("refused" in outcome)) return outcome;
    if (outcome.ends) await deps.end(outcome.ends.grantId, outcome.ends.reason);
    throw outcome.refused;
  }

  return {
    /** Redeems an authorization code. Throws OAuthError invalid_grant or invalid_request; a replay ends the grant. */
    redeemCode: (request: CodeRequest) => commit((tx) => spendCode(tx, request)),

    /** Rotates a refresh token. Throws OAuthError invalid_grant; the use of a dead one ends the grant. */
    refresh: (request: RefreshRequest) => commit((tx) => spendRefreshToken(tx, request)),
  };
}

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
