/** Issuing of access and refresh tokens (RFC 6749 section 5.1). Only hashes of tokens are stored. */
import { and, desc, eq, sql } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Queries } from "../db/database.ts";
import { grants, tokens } from "../db/schema.ts";
import { hashSecret, newToken, type Secrets } from "../secrets.ts";
import { toTokenScope } from "./metadata.ts";
import { toWrapContext } from "./wrap-context.ts";

/** The access token response (RFC 6749 section 5.1). */
export type TokenResponse = {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  refresh_token: string;
  scope: string;
};

/** Minimum lifetime of a refresh token, and of a grant that is not used. */
const refreshLifetimeMs = 180 * 86_400_000;

/** Maximum number of tokens per grant and kind, so that a client refreshing in a loop cannot fill the disk. */
const maxTokensPerKind = 500;

type TokenKind = "access" | "refresh";

type NewToken = {
  token: string;
  kind: TokenKind;
  grantId: string;
  dataKey: Uint8Array;
  lifetimeMs: number;
  parentHash: string | null;
  pairHash: string;
};

/**
 * Creates the function that issues a pair of tokens for a grant and its unwrapped data key. `parentHash`: the hash of
 * the spent refresh token, null for a code. It returns undefined when the grant has ended. It runs inside `tx`.
 */
export function createTokenIssuer(deps: {
  secrets: Secrets;
  clock: Clock;
  config: Pick<Config, "accessTokenLifetimeSeconds">;
}) {
  const { secrets, clock, config } = deps;

  /** Stores a new token's hash, with the data key wrapped under the token. */
  async function storeToken(
    tx: Queries,
    { token, kind, grantId, dataKey, lifetimeMs, parentHash, pairHash }: NewToken,
  ): Promise<void> {
    const now = clock.now();
    await tx
      .insert(tokens)
      .values({
        hash: hashSecret(token),
        kind,
        grantId,
        wrappedKey: secrets.wrapKey(dataKey, token, toWrapContext(kind, grantId)),
        createdAt: now,
        expiresAt: now + lifetimeMs,
        parentHash,
        pairHash,
      })
      .run();
    await deleteExcessTokens(tx, grantId, kind);
  }

  async function deleteExcessTokens(tx: Queries, grantId: string, kind: TokenKind): Promise<void> {
    const excess = await tx
      .select({ hash: tokens.hash })
      .from(tokens)
      .where(and(eq(tokens.grantId, grantId), eq(tokens.kind, kind)))
      // Dead tokens go first: a token that may still be spent is not lost to a loop.
      .orderBy(sql`length(${tokens.wrappedKey}) = 0`, desc(tokens.createdAt), desc(tokens.hash))
      .offset(maxTokensPerKind)
      .limit(1_000)
      .all();
    for (const { hash } of excess) await tx.delete(tokens).where(eq(tokens.hash, hash)).run();
  }

  return async function issueTokens(
    tx: Queries,
    grantId: string,
    dataKey: Uint8Array,
    parentHash: string | null,
  ): Promise<TokenResponse | undefined> {
    const now = clock.now();
    const accessMs = config.accessTokenLifetimeSeconds * 1000;
    // A refresh token must outlive its access token.
    const refreshMs = Math.max(refreshLifetimeMs, 2 * accessMs);
    const grant = await tx
      .update(grants)
      .set({ lastUsedAt: now, expiresAt: now + refreshMs })
      .where(and(eq(grants.id, grantId), eq(grants.state, "live")))
      .returning({ level: grants.level })
      .get();
    if (!grant) return undefined;
    const [accessToken, refreshToken] = [newToken(), newToken()];
    const both = { grantId, dataKey, parentHash, pairHash: hashSecret(refreshToken) };
    await storeToken(tx, { ...both, kind: "access", token: accessToken, lifetimeMs: accessMs });
    await storeToken(tx, { ...both, kind: "refresh", token: refreshToken, lifetimeMs: refreshMs });
    return {
      access_token: accessToken,
      token_type: "Bearer",
      expires_in: config.accessTokenLifetimeSeconds,
      refresh_token: refreshToken,
      scope: toTokenScope(grant.level),
    };
  };
}
