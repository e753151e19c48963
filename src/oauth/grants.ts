/** Grants from beginning to end: made in a passage through the form, spent by a bearer token, ended once for all. */
import { and, eq, gt, isNotNull, lte, sql } from "drizzle-orm";
import type { AnySQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { type Database, purgeLog } from "../db/open.ts";
import { authorizationRequests, grants, tokens } from "../db/schema.ts";
import type { Level, LiveGrant } from "../grant.ts";
import type { Log } from "../log.ts";
import { hashSecret, type Secrets } from "../secrets.ts";
import { noteWhereItCan } from "../storage-error.ts";
import { createAuthorizationFlow } from "./authorization-flow.ts";
import { createExternalRevocationWatch } from "./external-revocation.ts";
import { createTokens, type EndReason, noKey, refreshGraceMs } from "./tokens.ts";
import { toWrapContext } from "./wrap-context.ts";

/** "Last used" is for people: a write a minute is enough. */
const noteUseEveryMs = 60_000;

export type Grants = ReturnType<typeof createGrants>;

export function createGrants(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  config: Pick<Config, "accessTokenLifetimeSeconds" | "authorizationCodeLifetimeSeconds">;
  log: Pick<Log, "info" | "warn">;
  /** Called after every end of a grant, whatever ended it: closes what it still holds open. */
  onEnd(grantId: string): void;
}) {
  const { db, secrets, clock, config } = deps;

  /** Deletes a grant with its credentials, tokens and all else that hangs on it, and closes what it holds open. */
  function end(grantId: string, reason: EndReason): void {
    db.delete(grants).where(eq(grants.id, grantId)).run();
    purgeLog(db);
    // Somebody else may hold what was used twice: the operator should know.
    const level = reason === "code_replayed" || reason === "refresh_token_reused" ? "warn" : "info";
    deps.log[level]("grant_ended", { grant: grantId, reason });
    deps.onEnd(grantId);
  }

  // Every request asks this: the SQL is made once. Columns looked up cost a third of what SQLite takes for a join here.
  const ofGrant = <T>(column: AnySQLiteColumn) =>
    sql<T | null>`(select ${column} from ${grants} where ${grants.id} = ${tokens.grantId} and ${grants.state} = 'live')`;
  const liveGrant = db
    .select({
      id: tokens.grantId,
      clientId: ofGrant<string>(grants.clientId),
      level: ofGrant<Level>(grants.level),
      lastUsedAt: ofGrant<number>(grants.lastUsedAt),
      wrappedKey: tokens.wrappedKey,
      expiresAt: tokens.expiresAt,
    })
    .from(tokens)
    .where(
      and(
        eq(tokens.hash, sql.placeholder("hash")),
        eq(tokens.kind, "access"),
        gt(tokens.expiresAt, sql.placeholder("now")),
      ),
    )
    .prepare();

  const externalRevocations = createExternalRevocationWatch({ db, onEnd: deps.onEnd });
  const { redeemCode, refresh } = createTokens({ db, secrets, clock, config, end });

  return {
    authorizationFlow: createAuthorizationFlow({ db, secrets, clock, config }),
    redeemCode,
    refresh,
    /** Closes what is still open of grants that another process ended; start.ts calls it on a timer. */
    closeExternallyRevoked: externalRevocations.check,

    /** The grant of a presented access token, which unwraps its data key. Undefined when it is none, or over. */
    findLive(token: string): LiveGrant | undefined {
      const now = clock.now();
      const row = liveGrant.get({ hash: hashSecret(token), now });
      if (!row) return undefined;
      const { id, clientId, level, lastUsedAt, expiresAt } = row;
      // The grant is over, and its tokens are about to be.
      if (clientId === null || level === null || lastUsedAt === null) return undefined;
      externalRevocations.track(id);
      if (now - lastUsedAt >= noteUseEveryMs)
        noteWhereItCan(() => db.update(grants).set({ lastUsedAt: now }).where(eq(grants.id, id)).run());
      let dataKey: Uint8Array | undefined;
      return {
        id,
        clientId,
        level,
        expiresAt,
        // Most requests (lists, pings, streams) open no mailbox and need none.
        get dataKey() {
          dataKey ??= secrets.unwrapKey(row.wrappedKey, token, toWrapContext("access", id));
          return dataKey;
        },
      };
    },

    /** Ends the grant of an access or refresh token (RFC 7009 2.1), if it is this client's. */
    revoke(token: string, clientId: string | undefined): void {
      const row = db
        .select({ grantId: tokens.grantId, clientId: grants.clientId })
        .from(tokens)
        .innerJoin(grants, eq(grants.id, tokens.grantId))
        .where(eq(tokens.hash, hashSecret(token)))
        .get();
      if (!row || (clientId !== undefined && row.clientId !== clientId)) return;
      end(row.grantId, "revoked");
    },

    /** Ends what has expired; start.ts calls it on a timer. */
    sweep(): void {
      const now = clock.now();
      const over = db.select({ id: grants.id }).from(grants).where(lte(grants.expiresAt, now)).all();
      for (const { id } of over) end(id, "expired");
      db.delete(tokens).where(lte(tokens.expiresAt, now)).run();
      // Its hash stays, to know a thief by; the key it opened does not.
      db.update(tokens)
        .set({ wrappedKey: noKey })
        .where(and(isNotNull(tokens.replacedAt), lte(tokens.replacedAt, now - refreshGraceMs - 1)))
        .run();
      db.delete(authorizationRequests).where(lte(authorizationRequests.expiresAt, now)).run();
      // Makes up for a purge that found a reader in its way.
      purgeLog(db);
    },
  };
}
