/**
 * One passage through the form: from a checked request to a new grant with its accounts, and then to a code.
 *
 * Until the first login is proven nothing is stored. Then a pending grant is, its data key wrapped under the
 * request's own secret, which travels sealed in the form; finishing moves the key under the code. A finished
 * request is remembered until it would have expired anyway, so that it works once.
 */
import { and, eq, isNull } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/open.ts";
import { authorizationCodes, authorizationRequests, grants } from "../db/schema.ts";
import type { Level } from "../grant.ts";
import { hashSecret, newId, newKey, newToken, type Secrets } from "../secrets.ts";
import { toWrapContext } from "./wrap-context.ts";

/** How long a form may lie open, anew after each proven login. */
export const requestLifetimeMs = 10 * 60_000;

/** What of a checked request the grant and its code are bound to. */
export type FlowRequest = {
  /** Random; the live secret of the pending grant. */
  secret: string;
  clientId: string;
  redirectUri: string;
  /** The host of the redirect: readable in the database, for the operator's list. */
  redirectHost: string;
  codeChallenge: string;
};

export type PendingGrant = { grantId: string; level: Level; dataKey: Uint8Array };

export type AuthorizationFlow = ReturnType<typeof createAuthorizationFlow>;

export function createAuthorizationFlow(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  config: Pick<Config, "authorizationCodeLifetimeSeconds">;
}) {
  const { db, secrets, clock, config } = deps;

  function findRow(request: FlowRequest) {
    return db
      .select()
      .from(authorizationRequests)
      .where(eq(authorizationRequests.hash, hashSecret(request.secret)))
      .get();
  }

  /** Makes the pending grant of a request that has none yet. */
  function begin(request: FlowRequest, level: Level): PendingGrant {
    const grantId = newId("grt");
    const dataKey = newKey();
    const now = clock.now();
    const expiresAt = now + requestLifetimeMs;
    db.insert(grants)
      .values({
        id: grantId,
        clientId: request.clientId,
        redirectHost: request.redirectHost,
        level,
        state: "pending",
        createdAt: now,
        lastUsedAt: now,
        expiresAt,
      })
      .run();
    db.insert(authorizationRequests)
      .values({
        hash: hashSecret(request.secret),
        grantId,
        wrappedKey: secrets.wrapKey(dataKey, request.secret, toWrapContext("request", grantId)),
        expiresAt,
      })
      .run();
    return { grantId, level, dataKey };
  }

  /** What the request has led to so far; undefined before the first login, and after the end. */
  function findPending(request: FlowRequest): PendingGrant | undefined {
    const row = findRow(request);
    if (!row?.grantId || !row.wrappedKey || row.usedAt !== null || row.expiresAt <= clock.now())
      return undefined;
    const grant = db.select({ level: grants.level }).from(grants).where(eq(grants.id, row.grantId)).get();
    if (!grant) return undefined;
    const context = toWrapContext("request", row.grantId);
    return {
      grantId: row.grantId,
      level: grant.level,
      dataKey: secrets.unwrapKey(row.wrappedKey, request.secret, context),
    };
  }

  /** Ten more minutes for the form and for what hangs on it; a passage that is finished stays as it is. */
  function keepOpen(request: FlowRequest, grantId: string): void {
    const expiresAt = clock.now() + requestLifetimeMs;
    db.update(grants)
      .set({ expiresAt })
      .where(and(eq(grants.id, grantId), eq(grants.state, "pending")))
      .run();
    const hash = hashSecret(request.secret);
    db.update(authorizationRequests)
      .set({ expiresAt })
      .where(and(eq(authorizationRequests.hash, hash), isNull(authorizationRequests.usedAt)))
      .run();
  }

  /** Whether this request already led to a code, or its pending grant is gone. */
  function isFinished(request: FlowRequest): boolean {
    return findRow(request) !== undefined && findPending(request) === undefined;
  }

  return {
    isFinished,
    findPending,
    keepOpen,

    /**
     * Saves one proven account into the request's grant, which is made at the first: `save` runs in the same
     * transaction. The level is the first account's. Undefined when the request was finished meanwhile.
     */
    attach(
      request: FlowRequest,
      level: Level,
      save: (pending: PendingGrant) => void,
    ): PendingGrant | undefined {
      return db.transaction(
        () => {
          if (isFinished(request)) return undefined;
          const pending = findPending(request) ?? begin(request, level);
          save(pending);
          keepOpen(request, pending.grantId);
          return pending;
        },
        { behavior: "immediate" },
      );
    },

    /**
     * Ends the passage with a code of 48 hex digits. Undefined when there is nothing to finish, or not any more.
     * `settleLevel`: what the grant may do, now that all its mailboxes are known.
     */
    finish(request: FlowRequest, settleLevel: (pending: PendingGrant) => Level): string | undefined {
      return db.transaction(
        () => {
          const pending = findPending(request);
          if (!pending) return undefined;
          const now = clock.now();
          const used = db
            .update(authorizationRequests)
            // Remembered until every form of this request that was ever drawn has expired.
            .set({ usedAt: now, grantId: null, wrappedKey: null, expiresAt: now + requestLifetimeMs })
            .where(
              and(
                eq(authorizationRequests.hash, hashSecret(request.secret)),
                isNull(authorizationRequests.usedAt),
              ),
            )
            .returning({ hash: authorizationRequests.hash })
            .all();
          if (used.length !== 1) return undefined;
          const code = newToken(24);
          const { grantId, dataKey } = pending;
          const expiresAt = now + config.authorizationCodeLifetimeSeconds * 1000;
          db.insert(authorizationCodes)
            .values({
              hash: hashSecret(code),
              grantId,
              clientId: request.clientId,
              redirectUriHash: hashSecret(request.redirectUri),
              codeChallenge: request.codeChallenge,
              wrappedKey: secrets.wrapKey(dataKey, code, toWrapContext("code", grantId)),
              expiresAt,
            })
            .run();
          // Until it is spent the grant lives as long as its code.
          const level = settleLevel(pending);
          db.update(grants).set({ state: "live", level, expiresAt }).where(eq(grants.id, grantId)).run();
          return code;
        },
        { behavior: "immediate" },
      );
    },
  };
}
