/**
 * Pending grants: a grant between its first proven login and its code.
 *
 * The data key of a pending grant is wrapped under the request's secret, which travels sealed in the form. The row of
 * a finished request stays until every form of it has expired, so that a request is used once.
 */
import { and, eq, isNull, sql } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/open.ts";
import { authorizationRequests, grants } from "../db/schema.ts";
import type { Level } from "../grant.ts";
import { hashSecret, newId, newKey, type Secrets } from "../secrets.ts";
import { type AuthorizationRequest, requestLifetimeMs } from "./authorization-request.ts";
import { claudeRedirects } from "./known-clients.ts";
import { toWrapContext } from "./wrap-context.ts";

/** The part of a request that identifies its pending grant. */
type GrantRequest = Pick<AuthorizationRequest, "secret" | "clientId" | "redirectUri" | "redirectHost">;

/** The part of a request by which the same browser is recognized when it opens the same request again. */
type AnsweredRequest = Pick<AuthorizationRequest, "browserHash" | "clientId" | "codeChallenge" | "rawState">;

/**
 * open: its form can be submitted. connected: a code was issued. cancelled: the person refused. expired: its pending
 * grant is older than `requestLifetimeMs`.
 */
export type RequestState = "open" | "connected" | "cancelled" | "expired";

export type PendingGrant = { grantId: string; level: Level; dataKey: Uint8Array };

export function createPendingGrants({
  db,
  secrets,
  clock,
}: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
}) {
  function findRow({ secret }: GrantRequest) {
    return db
      .select()
      .from(authorizationRequests)
      .where(eq(authorizationRequests.hash, hashSecret(secret)))
      .get();
  }

  /** Finds the pending grant of a request. Returns undefined before the first proven login and after the end. */
  function findPending(request: GrantRequest): PendingGrant | undefined {
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

  return {
    findPending,

    stateOf(request: GrantRequest): RequestState {
      const row = findRow(request);
      if (!row || findPending(request)) return "open";
      if (row.usedAt !== null) return "connected";
      return row.grantId === null ? "cancelled" : "expired";
    },

    /** Marks a request as cancelled, so that no form of it works again. Its pending grant must be deleted before. */
    markCancelled(request: GrantRequest): void {
      db.insert(authorizationRequests)
        .values({ hash: hashSecret(request.secret), expiresAt: clock.now() + requestLifetimeMs })
        .onConflictDoNothing()
        .run();
    },

    /** Remembers that a code was issued for the request of a client, as long as its forms would have been valid. */
    markAnswered(request: AnsweredRequest): void {
      const now = clock.now();
      const answered = { usedAt: now, expiresAt: now + requestLifetimeMs };
      db.insert(authorizationRequests)
        .values({ hash: toAnswerHash(request), ...answered })
        .onConflictDoUpdate({ target: authorizationRequests.hash, set: answered })
        .run();
    },

    /** Tells whether the same browser got a code for the same request of the client within the hour. */
    wasAnswered(request: AnsweredRequest): boolean {
      const row = db
        .select({ expiresAt: authorizationRequests.expiresAt })
        .from(authorizationRequests)
        .where(eq(authorizationRequests.hash, toAnswerHash(request)))
        .get();
      return row !== undefined && row.expiresAt > clock.now();
    },

    create(request: GrantRequest, level: Level, asksForNewPeople: boolean): PendingGrant {
      const grantId = newId("grt");
      const dataKey = newKey();
      const now = clock.now();
      const expiresAt = now + requestLifetimeMs;
      db.insert(grants)
        .values({
          id: grantId,
          clientId: request.clientId,
          redirectHost: request.redirectHost,
          isHeldByClaude: claudeRedirects.includes(request.redirectUri),
          level,
          asksForNewPeople,
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
    },

    /** Opens a request that adds accounts to a live grant, with its data key. */
    openExtension(
      { secret }: Pick<GrantRequest, "secret">,
      grant: { id: string; dataKey: Uint8Array },
    ): void {
      const { id: grantId, dataKey } = grant;
      db.insert(authorizationRequests)
        .values({
          hash: hashSecret(secret),
          grantId,
          wrappedKey: secrets.wrapKey(dataKey, secret, toWrapContext("request", grantId)),
          expiresAt: clock.now() + requestLifetimeMs,
        })
        .run();
    },

    /** Adds the guesses of an account that was added to a grant. */
    addFailedGuesses(grantId: string, count: number): void {
      db.update(grants)
        .set({ failedGuesses: sql`${grants.failedGuesses} + ${count}` })
        .where(eq(grants.id, grantId))
        .run();
    },

    /** Returns the number of refused passwords for the addresses of a grant before they were connected. */
    countFailedGuesses(grantId: string): number {
      const row = db.select({ count: grants.failedGuesses }).from(grants).where(eq(grants.id, grantId)).get();
      return row?.count ?? 0;
    },

    /** Restarts the lifetime of a request and its pending grant; changes nothing once a code was issued. */
    extend(request: GrantRequest, grantId: string): void {
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
    },

    /** Marks a request as used. Returns false when it was used before. */
    markUsed(request: GrantRequest): boolean {
      const now = clock.now();
      const hash = hashSecret(request.secret);
      const used = db
        .update(authorizationRequests)
        // Kept until every form drawn for this request has expired.
        .set({ usedAt: now, grantId: null, wrappedKey: null, expiresAt: now + requestLifetimeMs })
        .where(and(eq(authorizationRequests.hash, hash), isNull(authorizationRequests.usedAt)))
        .returning({ hash: authorizationRequests.hash })
        .all();
      return used.length === 1;
    },
  };
}

/** A client draws a new challenge for each request (RFC 7636 section 7.1), so that this names one request. */
function toAnswerHash({ browserHash, clientId, codeChallenge, rawState }: AnsweredRequest): string {
  return hashSecret(JSON.stringify(["answered", browserHash, clientId, codeChallenge, rawState ?? ""]));
}
