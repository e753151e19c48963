/**
 * The authorization code flow between a checked request and its code: collects the proven accounts in a pending
 * grant, and ends with an authorization code. Nothing is stored before the first login is proven.
 */
import { eq } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/open.ts";
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

export type AuthorizationFlow = ReturnType<typeof createAuthorizationFlow>;

export function createAuthorizationFlow(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  config: Pick<Config, "authorizationCodeLifetimeSeconds">;
  end(grantId: string, reason: "cancelled", dataKey?: Uint8Array): void;
}) {
  const { db, secrets, clock, config } = deps;
  const pendingGrants = createPendingGrants({ db, secrets, clock });

  /** Stores the hash of a new code, with the data key wrapped under the code, and returns the code. */
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
    stateOf: pendingGrants.stateOf,
    wasAnswered: pendingGrants.wasAnswered,
    findPending: pendingGrants.findPending,
    extend: pendingGrants.extend,
    addFailedGuesses: pendingGrants.addFailedGuesses,
    countFailedGuesses: pendingGrants.countFailedGuesses,
    openExtension: pendingGrants.openExtension,

    /** Ends a request that added accounts to a live grant. The grant itself stays as it is. */
    endExtension: (request: FlowRequest): boolean => pendingGrants.markUsed(request),

    /**
     * Adds a proven account to the request's pending grant, which the first account creates with its level and brake
     * (LiveGrant.asksForNewPeople). `save` runs in the same transaction. Returns undefined when the request is finished.
     */
    attachAccount(
      request: FlowRequest,
      level: Level,
      save: (pending: PendingGrant) => void,
      asksForNewPeople = false,
    ): PendingGrant | undefined {
      return db.transaction(
        () => {
          if (pendingGrants.stateOf(request) !== "open") return undefined;
          const found = pendingGrants.findPending(request);
          // A live grant that has ended meanwhile is not made again.
          if (!found && request.extendedGrantId !== undefined) return undefined;
          const pending = found ?? pendingGrants.create(request, level, asksForNewPeople);
          save(pending);
          pendingGrants.extend(request, pending.grantId);
          return pending;
        },
        { behavior: "immediate" },
      );
    },

    /** Deletes the pending grant of a request, if there is one, and ends the request: no form of it works again. */
    cancel(request: FlowRequest): void {
      if (request.extendedGrantId !== undefined) return;
      const pending = pendingGrants.findPending(request);
      if (pending) deps.end(pending.grantId, "cancelled", pending.dataKey);
      pendingGrants.markCancelled(request);
    },

    /** Deletes the pending grant of a request. The request stays open, as it was before its first account. */
    startOver({ grantId }: PendingGrant): void {
      deps.end(grantId, "cancelled");
    },

    /**
     * Issues the code of a request: 48 hex digits. Returns undefined without a pending grant. `toFinalLevel` returns
     * the level of the grant, now that all its accounts are known.
     */
    issueCode(request: FlowRequest, toFinalLevel: (pending: PendingGrant) => Level): string | undefined {
      return db.transaction(
        () => {
          const pending = pendingGrants.findPending(request);
          if (!pending || request.extendedGrantId !== undefined) return undefined;
          if (!pendingGrants.markUsed(request)) return undefined;
          pendingGrants.markAnswered(request);
          const expiresAt = clock.now() + config.authorizationCodeLifetimeSeconds * 1000;
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
