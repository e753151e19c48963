/**
 * The authorization code flow between a checked request and its code: collects the proven accounts in a pending
 * grant, and ends with an authorization code. Nothing is stored before the first login is proven.
 */
import { eq } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database, Queries } from "../db/database.ts";
import { authorizationCodes, grants } from "../db/schema.ts";
import type { Level } from "../grant.ts";
import { hashSecret, newToken, type Secrets } from "../secrets.ts";
import type { AuthorizationRequest } from "./authorization-request.ts";
import { createPendingGrants, type PendingGrant } from "./pending-grants.ts";
import { toWrapContext } from "./wrap-context.ts";

/** The part of a request to which the grant and its code are bound. */
type FlowRequest = Pick<
  AuthorizationRequest,
  | "secret"
  | "clientId"
  | "redirectUri"
  | "redirectHost"
  | "codeChallenge"
  | "browserHash"
  | "rawState"
  | "extendedGrantId"
>;

/** Saves a proven account in a grant, inside the transaction that creates or finds the grant. */
export type SaveAccount = (tx: Queries, pending: PendingGrant) => Promise<void>;

export type AuthorizationFlow = ReturnType<typeof createAuthorizationFlow>;

export function createAuthorizationFlow(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  config: Pick<Config, "authorizationCodeLifetimeSeconds">;
  end(grantId: string, reason: "cancelled", dataKey?: Uint8Array): Promise<void>;
}) {
  const { db, secrets, clock, config } = deps;
  const pendingGrants = createPendingGrants({ secrets, clock });

  /** Stores the hash of a new code, with the data key wrapped under the code, and returns the code. */
  async function storeCode(
    tx: Queries,
    request: FlowRequest,
    { grantId, dataKey }: PendingGrant,
    expiresAt: number,
  ): Promise<string> {
    const code = newToken(24);
    await tx
      .insert(authorizationCodes)
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
    stateOf: (request: FlowRequest) => pendingGrants.stateOf(db, request),
    wasAnswered: (request: FlowRequest) => pendingGrants.wasAnswered(db, request),
    findPending: (request: FlowRequest) => pendingGrants.findPending(db, request),
    extend: (request: FlowRequest, grantId: string) => pendingGrants.extend(db, request, grantId),
    addFailedGuesses: pendingGrants.addFailedGuesses,
    countFailedGuesses: (grantId: string) => pendingGrants.countFailedGuesses(db, grantId),
    openExtension: (request: FlowRequest, grant: { id: string; dataKey: Uint8Array }) =>
      pendingGrants.openExtension(db, request, grant),

    /** Ends a request that added accounts to a live grant. The grant itself stays as it is. */
    endExtension: (request: FlowRequest): Promise<boolean> => pendingGrants.markUsed(db, request),

    /**
     * Adds a proven account to the request's pending grant, which the first account creates with its level and brake
     * (LiveGrant.asksForNewPeople). `save` runs in the same transaction. Returns undefined when the request is finished.
     */
    attachAccount(
      request: FlowRequest,
      level: Level,
      save: SaveAccount,
      asksForNewPeople = false,
    ): Promise<PendingGrant | undefined> {
      return db.transaction(async (tx) => {
        if ((await pendingGrants.stateOf(tx, request)) !== "open") return undefined;
        const found = await pendingGrants.findPending(tx, request);
        // A live grant that has ended meanwhile is not made again.
        if (!found && request.extendedGrantId !== undefined) return undefined;
        const pending = found ?? (await pendingGrants.create(tx, request, { level, asksForNewPeople }));
        if (!pending) return undefined;
        await save(tx, pending);
        await pendingGrants.extend(tx, request, pending.grantId);
        return pending;
      });
    },

    /** Deletes the pending grant of a request, if there is one, and ends the request: no form of it works again. */
    async cancel(request: FlowRequest): Promise<void> {
      if (request.extendedGrantId !== undefined) return;
      const pending = await pendingGrants.findPending(db, request);
      if (pending) await deps.end(pending.grantId, "cancelled", pending.dataKey);
      await pendingGrants.markCancelled(db, request);
    },

    /** Deletes the pending grant of a request. The request stays open, as it was before its first account. */
    startOver: ({ grantId }: PendingGrant): Promise<void> => deps.end(grantId, "cancelled"),

    /**
     * Issues the code of a request: 48 hex digits. Returns undefined without a pending grant. `toFinalLevel` returns
     * the level of the grant, now that all its accounts are known.
     */
    issueCode(
      request: FlowRequest,
      toFinalLevel: (tx: Queries, pending: PendingGrant) => Promise<Level>,
    ): Promise<string | undefined> {
      return db.transaction(async (tx) => {
        const pending = await pendingGrants.findPending(tx, request);
        if (!pending || request.extendedGrantId !== undefined) return undefined;
        if (!(await pendingGrants.markUsed(tx, request))) return undefined;
        await pendingGrants.markAnswered(tx, request);
        const expiresAt = clock.now() + config.authorizationCodeLifetimeSeconds * 1000;
        const code = await storeCode(tx, request, pending, expiresAt);
        const level = await toFinalLevel(tx, pending);
        // Until the code is redeemed, the grant expires with it.
        await tx
          .update(grants)
          .set({ state: "live", level, expiresAt })
          .where(eq(grants.id, pending.grantId))
          .run();
        return code;
      });
    },
  };
}
