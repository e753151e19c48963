/**
 * The authorization code flow between a checked request and its code: collects the proven accounts in a pending
 * grant, and ends with an authorization code.
 *
 * Nothing is stored before the first login is proven. Then the pending grant is, with its data key wrapped under the
 * request's secret, which travels sealed in the form; issuing the code wraps the key under the code instead. A
 * finished request stays stored until every form of it has expired, so that it is used once.
 */
import { and, eq, isNull } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/open.ts";
import { authorizationCodes, authorizationRequests, grants } from "../db/schema.ts";
import type { Level } from "../grant.ts";
import { hashSecret, newId, newKey, newToken, type Secrets } from "../secrets.ts";
import { type AuthorizationRequest, requestLifetimeMs } from "./authorization-request.ts";
import { toWrapContext } from "./wrap-context.ts";

/** The part of a request to which the grant and its code are bound. */
type FlowRequest = Pick<
  AuthorizationRequest,
  "secret" | "clientId" | "redirectUri" | "redirectHost" | "codeChallenge"
>;

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

  function createPendingGrant(request: FlowRequest, level: Level): PendingGrant {
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

  /** Finds the pending grant of a request. Returns undefined before the first proven login and after the end. */
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

  /** Restarts the lifetime of a request and its pending grant; changes nothing once a code was issued. */
  function extend(request: FlowRequest, grantId: string): void {
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

  /** Tells whether a code was issued for this request, or its pending grant is gone. */
  function isFinished(request: FlowRequest): boolean {
    return findRow(request) !== undefined && findPending(request) === undefined;
  }

  /** Marks a request as used. Returns false when another request did so first. */
  function markUsed(request: FlowRequest, now: number): boolean {
    const used = db
      .update(authorizationRequests)
      // Kept until every form drawn for this request has expired.
      .set({ usedAt: now, grantId: null, wrappedKey: null, expiresAt: now + requestLifetimeMs })
      .where(
        and(eq(authorizationRequests.hash, hashSecret(request.secret)), isNull(authorizationRequests.usedAt)),
      )
      .returning({ hash: authorizationRequests.hash })
      .all();
    return used.length === 1;
  }

  function storeCode(request: FlowRequest, { grantId, dataKey }: PendingGrant, expiresAt: number): string {
    const code = newToken(24);
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
    return code;
  }

  return {
    isFinished,
    findPending,
    extend,

    /**
     * Adds a proven account to the request's pending grant, which the first account creates with its level. `save`
     * runs in the same transaction. Returns undefined when the request is finished.
     */
    attachAccount(
      request: FlowRequest,
      level: Level,
      save: (pending: PendingGrant) => void,
    ): PendingGrant | undefined {
      return db.transaction(
        () => {
          if (isFinished(request)) return undefined;
          const pending = findPending(request) ?? createPendingGrant(request, level);
          save(pending);
          extend(request, pending.grantId);
          return pending;
        },
        { behavior: "immediate" },
      );
    },

    /**
     * Issues the code of a request: 48 hex digits. Returns undefined without a pending grant. `toFinalLevel` returns
     * the level of the grant, now that all its accounts are known.
     */
    issueCode(request: FlowRequest, toFinalLevel: (pending: PendingGrant) => Level): string | undefined {
      return db.transaction(
        () => {
          const pending = findPending(request);
          if (!pending) return undefined;
          const now = clock.now();
          if (!markUsed(request, now)) return undefined;
          const expiresAt = now + config.authorizationCodeLifetimeSeconds * 1000;
          const code = storeCode(request, pending, expiresAt);
          const level = toFinalLevel(pending);
          // Until the code is redeemed, the grant expires with it.
          db.update(grants)
            .set({ state: "live", level, expiresAt })
            .where(eq(grants.id, pending.grantId))
            .run();
          return code;
        },
        { behavior: "immediate" },
      );
    },
  };
}
