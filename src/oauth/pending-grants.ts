/**
 * Pending grants: a grant between its first proven login and its code.
 *
 * The data key of a pending grant is wrapped under the request's secret, which travels sealed in the form. The row of
 * a finished request stays until every form of it has expired, so that a request is used once.
 */
import { and, eq, isNull, sql } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Queries } from "../db/database.ts";
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

/** Each function takes the queries of the transaction that it runs in, or those of the database. */
export function createPendingGrants({ secrets, clock }: { secrets: Secrets; clock: Clock }) {
  function findRow(tx: Queries, { secret }: GrantRequest) {
    return tx
      .select()
      .from(authorizationRequests)
      .where(eq(authorizationRequests.hash, hashSecret(secret)))
      .get();
  }

  /** Finds the pending grant of a request. Returns undefined before the first proven login and after the end. */
  async function findPending(tx: Queries, request: GrantRequest): Promise<PendingGrant | undefined> {
    const row = await findRow(tx, request);
    if (!row?.grantId || !row.wrappedKey || row.usedAt !== null || row.expiresAt <= clock.now())
      return undefined;
    const grant = await tx
      .select({ level: grants.level })
      .from(grants)
      .where(eq(grants.id, row.grantId))
      .get();
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

    async stateOf(tx: Queries, request: GrantRequest): Promise<RequestState> {
      const row = await findRow(tx, request);
      if (!row || (await findPending(tx, request))) return "open";
      if (row.usedAt !== null) return "connected";
      return row.grantId === null ? "cancelled" : "expired";
    },

    /** Marks a request as cancelled, so that no form of it works again. Its pending grant must be deleted before. */
    async markCancelled(tx: Queries, request: GrantRequest): Promise<void> {
      await tx
        .insert(authorizationRequests)
        .values({ hash: hashSecret(request.secret), expiresAt: clock.now() + requestLifetimeMs })
        .onConflictDoNothing()
        .run();
    },

    /** Remembers that a code was issued for the request of a client, as long as its forms would have been valid. */
    async markAnswered(tx: Queries, request: AnsweredRequest): Promise<void> {
      const now = clock.now();
      const answered = { usedAt: now, expiresAt: now + requestLifetimeMs };
      await tx
        .insert(authorizationRequests)
        .values({ hash: toAnswerHash(request), ...answered })
        .onConflictDoUpdate({ target: authorizationRequests.hash, set: answered })
        .run();
    },

    /** Tells whether the same browser got a code for the same request of the client within the hour. */
    async wasAnswered(tx: Queries, request: AnsweredRequest): Promise<boolean> {
      const row = await tx
        .select({ expiresAt: authorizationRequests.expiresAt })
        .from(authorizationRequests)
        .where(eq(authorizationRequests.hash, toAnswerHash(request)))
        .get();
      return row !== undefined && row.expiresAt > clock.now();
    },

    async create(
      tx: Queries,
      request: GrantRequest,
      { level, asksForNewPeople }: { level: Level; asksForNewPeople: boolean },
    ): Promise<PendingGrant | undefined> {
      const grantId = newId("grt");
      const dataKey = newKey();
      const now = clock.now();
      const expiresAt = now + requestLifetimeMs;
      await tx
        .insert(grants)
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
      const inserted = await tx
        .insert(authorizationRequests)
        .values({
          hash: hashSecret(request.secret),
          grantId,
          wrappedKey: secrets.wrapKey(dataKey, request.secret, toWrapContext("request", grantId)),
          expiresAt,
        })
        .onConflictDoNothing()
        .returning({ hash: authorizationRequests.hash })
        .all();
      if (inserted.length === 0) {
        // Another replica has made the grant of the same request just now.
        await tx.delete(grants).where(eq(grants.id, grantId)).run();
        return findPending(tx, request);
      }
      return { grantId, level, dataKey };
    },

    /** Opens a request that adds accounts to a live grant, with its data key. */
    async openExtension(
      tx: Queries,
      { secret }: Pick<GrantRequest, "secret">,
      grant: { id: string; dataKey: Uint8Array },
    ): Promise<void> {
      const { id: grantId, dataKey } = grant;
      await tx
        .insert(authorizationRequests)
        .values({
          hash: hashSecret(secret),
          grantId,
          wrappedKey: secrets.wrapKey(dataKey, secret, toWrapContext("request", grantId)),
          expiresAt: clock.now() + requestLifetimeMs,
        })
        .run();
    },

    /** Adds the guesses of an account that was added to a grant. */
    async addFailedGuesses(tx: Queries, grantId: string, count: number): Promise<void> {
      await tx
        .update(grants)
        .set({ failedGuesses: sql`${grants.failedGuesses} + ${count}` })
        .where(eq(grants.id, grantId))
        .run();
    },

    /** Returns the number of refused passwords for the addresses of a grant before they were connected. */
    async countFailedGuesses(tx: Queries, grantId: string): Promise<number> {
      const row = await tx
        .select({ count: grants.failedGuesses })
        .from(grants)
        .where(eq(grants.id, grantId))
        .get();
      return row?.count ?? 0;
    },

    /** Restarts the lifetime of a request and its pending grant; changes nothing once a code was issued. */
    async extend(tx: Queries, request: GrantRequest, grantId: string): Promise<void> {
      const expiresAt = clock.now() + requestLifetimeMs;
      await tx
        .update(grants)
        .set({ expiresAt })
        .where(and(eq(grants.id, grantId), eq(grants.state, "pending")))
        .run();
      const hash = hashSecret(request.secret);
      await tx
        .update(authorizationRequests)
        .set({ expiresAt })
        .where(and(eq(authorizationRequests.hash, hash), isNull(authorizationRequests.usedAt)))
        .run();
    },

    /** Marks a request as used. Returns false when it was used before. */
    async markUsed(tx: Queries, request: GrantRequest): Promise<boolean> {
      const now = clock.now();
      const hash = hashSecret(request.secret);
      const used = await tx
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
