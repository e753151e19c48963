/**
 * Spending a code or a refresh token for tokens. Each is one synchronous transaction, so that no second request can
 * come between looking and spending, and no token leaves before it is on the disk.
 */
import { and, desc, eq, isNull, sql } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/open.ts";
import { authorizationCodes, grants, tokens } from "../db/schema.ts";
import { hashSecret, newToken, type Secrets, toCodeChallenge } from "../secrets.ts";
import { toSearchScope } from "./metadata.ts";
import { OAuthError } from "./oauth-error.ts";
import { toWrapContext } from "./wrap-context.ts";

/** RFC 6749 section 5.1, as it goes over the wire. */
export type TokenAnswer = {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  refresh_token: string;
  scope: string;
};

/** How long a rotated refresh token still works: for a second request in flight, or an answer that was lost. */
export const refreshGraceMs = 60_000;

/** A connection nobody used for so long is over. Never shorter than twice the access token's life. */
const refreshLifetimeMs = 180 * 86_400_000;

/** What one grant may hold; the oldest go. A client that refreshes in a loop does not fill the disk. */
const maxTokensPerKind = 500;

/** What a deleted key leaves behind: opens nothing. */
export const noKey = Buffer.alloc(0);

/** A spending that failed: what to tell the client, and a grant that must end because of it. */
type Refused = { refused: OAuthError; end?: { grantId: string; reason: EndReason } };

/** Why a grant is over. `code_misused`: its code came with the wrong proof, and is spent. */
export type EndReason = "revoked" | "expired" | "code_replayed" | "code_misused" | "refresh_token_reused";

export type Tokens = ReturnType<typeof createTokens>;

export function createTokens(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  config: Pick<Config, "accessTokenLifetimeSeconds">;
  /** Ends a grant and everything from it. */
  end(grantId: string, reason: EndReason): void;
}) {
  const { db, secrets, clock, config } = deps;

  /** A new pair for a grant whose data key is at hand. */
  function issue(grantId: string, dataKey: Uint8Array): TokenAnswer | undefined {
    const now = clock.now();
    const accessMs = config.accessTokenLifetimeSeconds * 1000;
    const refreshMs = Math.max(refreshLifetimeMs, 2 * accessMs);
    const grant = db
      .update(grants)
      .set({ lastUsedAt: now, expiresAt: now + refreshMs })
      .where(and(eq(grants.id, grantId), eq(grants.state, "live")))
      .returning({ level: grants.level })
      .get();
    if (!grant) return undefined;
    const keep = (kind: "access" | "refresh", lifetimeMs: number) => {
      const token = newToken();
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
      const extra = db
        .select({ hash: tokens.hash })
        .from(tokens)
        .where(and(eq(tokens.grantId, grantId), eq(tokens.kind, kind)))
        .orderBy(desc(tokens.createdAt), sql`rowid desc`)
        .offset(maxTokensPerKind)
        .limit(1_000)
        .all();
      for (const { hash } of extra) db.delete(tokens).where(eq(tokens.hash, hash)).run();
      return token;
    };
    return {
      access_token: keep("access", accessMs),
      token_type: "Bearer",
      expires_in: config.accessTokenLifetimeSeconds,
      refresh_token: keep("refresh", refreshMs),
      scope: toSearchScope(grant.level),
    };
  }

  function spendCode(request: CodeRequest): TokenAnswer | Refused {
    const hash = hashSecret(request.code);
    const now = clock.now();
    // First of all: whoever comes second, however soon, finds it spent.
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
        ...(replayed ? { end: { grantId: replayed.grantId, reason: "code_replayed" } } : {}),
      };
    }
    const problem = findProblem(spent, request, now);
    // Nobody can ever use this grant: its code is spent.
    if (problem) return { refused: problem, end: { grantId: spent.grantId, reason: "code_misused" } };
    const context = toWrapContext("code", spent.grantId);
    const dataKey = secrets.unwrapKey(spent.wrappedKey, request.code, context);
    db.update(authorizationCodes).set({ wrappedKey: noKey }).where(eq(authorizationCodes.hash, hash)).run();
    return issue(spent.grantId, dataKey) ?? { refused: invalidGrant("The code is unknown or was used.") };
  }

  function spendRefreshToken(request: RefreshRequest): TokenAnswer | Refused {
    const hash = hashSecret(request.refreshToken);
    const now = clock.now();
    const unknown = { refused: invalidGrant("The refresh token is unknown or over.") };
    const row = db
      .select({ token: tokens, clientId: grants.clientId })
      .from(tokens)
      .innerJoin(grants, eq(grants.id, tokens.grantId))
      .where(and(eq(tokens.hash, hash), eq(tokens.kind, "refresh")))
      .get();
    if (!row || row.clientId !== request.clientId || row.token.expiresAt <= now) return unknown;
    const { grantId, replacedAt, wrappedKey } = row.token;
    // RFC 9700 4.14.2: two hold it, one of them a thief, and nobody can tell which. Swept is late by any clock.
    if (replacedAt !== null && (now - replacedAt > refreshGraceMs || wrappedKey.length === 0))
      return {
        refused: invalidGrant("The refresh token was used before."),
        end: { grantId, reason: "refresh_token_reused" },
      };
    const dataKey = secrets.unwrapKey(wrappedKey, request.refreshToken, toWrapContext("refresh", grantId));
    if (replacedAt === null) db.update(tokens).set({ replacedAt: now }).where(eq(tokens.hash, hash)).run();
    return issue(grantId, dataKey) ?? unknown;
  }

  /** Commits also when it refuses: a spent code stays spent. Then the refusal is thrown. */
  function commit(spend: () => TokenAnswer | Refused): TokenAnswer {
    const outcome = db.transaction(spend, { behavior: "immediate" });
    if (!("refused" in outcome)) return outcome;
    if (outcome.end) deps.end(outcome.end.grantId, outcome.end.reason);
    throw outcome.refused;
  }

  return {
    /** Spends a code for tokens. Throws OAuthError invalid_grant; a replay ends the grant. */
    redeemCode: (request: CodeRequest) => commit(() => spendCode(request)),

    /** Rotates a refresh token. Throws OAuthError invalid_grant; reuse after the grace ends the grant. */
    refresh: (request: RefreshRequest) => commit(() => spendRefreshToken(request)),
  };
}

export type CodeRequest = {
  code: string;
  clientId: string;
  redirectUri: string | undefined;
  /** undefined when it is missing or no verifier of RFC 7636. */
  codeVerifier: string | undefined;
};

export type RefreshRequest = { refreshToken: string; clientId: string };

/** What a spent code was bound to and this request does not match. */
function findProblem(
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
