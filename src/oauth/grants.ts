/** The life of a grant: created by the authorization flow, used by bearer tokens, ended by revocation or expiry. */
import { and, eq, gt, lte, sql } from "drizzle-orm";
import type { AnySQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import { authorizationRequests, grants, tokens } from "../db/schema.ts";
import type { Level, LiveGrant } from "../grant.ts";
import type { Log } from "../log.ts";
import { hashSecret, type Secrets } from "../secrets.ts";
import { ignoreStorageErrors } from "../storage-error.ts";
import { createAuthorizationFlow } from "./authorization-flow.ts";
import { createExternalRevocationWatch } from "./external-revocation.ts";
import { createGrantAccess } from "./grant-access.ts";
import { createTokenFamilies } from "./token-families.ts";
import { createTokens, type GrantEndReason } from "./tokens.ts";
import { toWrapContext } from "./wrap-context.ts";

/** Interval at which `lastUsedAt` is written; it is only shown to the operator. */
const lastUseWriteMs = 60_000;

export type Grants = ReturnType<typeof createGrants>;

export function createGrants(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  config: Pick<Config, "accessTokenLifetimeSeconds" | "authorizationCodeLifetimeSeconds">;
  log: Pick<Log, "info" | "warn">;
  /** Called before a grant is deleted whose data key is at hand, to end its sign-ins at issuers. */
  onRevoke?(grantId: string, dataKey: Uint8Array): Promise<void>;
  /** Called after each end of a grant, to close its connections, streams and running calls. */
  onEnd(grantId: string): void;
}) {
  const { db, secrets, clock, config } = deps;

  /** Deletes a grant with everything that references it (credentials, tokens, …), then calls `onEnd`. */
  async function end(grantId: string, reason: GrantEndReason, dataKey?: Uint8Array): Promise<void> {
    if (dataKey) await deps.onRevoke?.(grantId, dataKey);
    await db.delete(grants).where(eq(grants.id, grantId)).run();
    await db.purge();
    await signalEnd(grantId);
    // A second use means that somebody else may hold the code or token.
    const level = reason === "code_replayed" || reason === "refresh_token_reused" ? "warn" : "info";
    deps.log[level]("grant_ended", { grant: grantId, reason });
    deps.onEnd(grantId);
  }

  /** Tells other replicas; what they still run of the grant would otherwise go on until its next request. */
  async function signalEnd(grantId: string): Promise<void> {
    try {
      await db.signals.send({ topic: "grant_ended", subject: grantId });
    } catch {
      // The grant is deleted: its tokens open nothing at any replica.
    }
  }

  // Prepared once, because every request runs it. Scalar subqueries cost SQLite a third of a join here.
  const liveGrantColumn = <T>(column: AnySQLiteColumn) =>
    sql<T | null>`(select ${column} from ${grants} where ${grants.id} = ${tokens.grantId} and ${grants.state} = 'live')`;
  const liveGrant = db
    .select({
      id: tokens.grantId,
      clientId: liveGrantColumn<string>(grants.clientId),
      level: liveGrantColumn<Level>(grants.level),
      asksForNewPeople: liveGrantColumn<number>(grants.asksForNewPeople),
      isHeldByClaude: liveGrantColumn<number>(grants.isHeldByClaude),
      passkeyEachTime: liveGrantColumn<number>(grants.passkeyEachTime),
      lastUsedAt: liveGrantColumn<number>(grants.lastUsedAt),
      wrappedKey: tokens.wrappedKey,
      expiresAt: tokens.expiresAt,
      parentHash: tokens.parentHash,
      presentedAt: tokens.presentedAt,
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
  const families = createTokenFamilies({ clock });

  /** Records the first use of an access token: one write. A full disk postpones it to the next use. */
  function present(token: { hash: string; parentHash: string }): Promise<void> {
    return ignoreStorageErrors(() => db.transaction(async (tx) => families.present(tx, token)));
  }

  /** Unwraps the data key with a token. Undefined for a dead token, and under a server key that is gone. */
  function findDataKey(
    { wrappedKey, kind, grantId }: { wrappedKey: Buffer; kind: "access" | "refresh"; grantId: string },
    token: string,
  ): Uint8Array | undefined {
    try {
      return secrets.unwrapKey(wrappedKey, token, toWrapContext(kind, grantId));
    } catch {
      return undefined;
    }
  }

  return {
    authorizationFlow: createAuthorizationFlow({ db, secrets, clock, config, end }),
    redeemCode,
    refresh,
    /** The grant on its own person's page. */
    access: createGrantAccess({ db, end: ({ id, dataKey }) => end(id, "revoked", dataKey) }),
    /** Calls `onEnd` for grants that another process revoked; start.ts calls it on a timer. */
    closeExternallyRevoked: externalRevocations.check,

    /**
     * Finds the live grant of an access token; the token unwraps its data key. The first use of a token kills the
     * refresh token it was issued from. Returns undefined when the token is unknown, expired or revoked.
     */
    async findLive(token: string): Promise<LiveGrant | undefined> {
      const now = clock.now();
      const hash = hashSecret(token);
      const row = await liveGrant.get({ hash, now });
      if (!row) return undefined;
      const { id, clientId, level, lastUsedAt, expiresAt, parentHash, presentedAt } = row;
      // The grant is not live; its tokens are deleted with it.
      if (clientId === null || level === null || lastUsedAt === null) return undefined;
      externalRevocations.track(id);
      if (parentHash !== null && presentedAt === null) await present({ hash, parentHash });
      if (now - lastUsedAt >= lastUseWriteMs)
        await ignoreStorageErrors(() =>
          db.update(grants).set({ lastUsedAt: now }).where(eq(grants.id, id)).run(),
        );
      let dataKey: Uint8Array | undefined;
      return {
        id,
        clientId,
        level,
        asksForNewPeople: row.asksForNewPeople === 1,
        decidesOnCards: row.isHeldByClaude === 1 && row.passkeyEachTime !== 1,
        expiresAt,
        // Unwrapped at the first use: most requests (lists, pings, streams) open no mailbox.
        get dataKey() {
          dataKey ??= secrets.unwrapKey(row.wrappedKey, token, toWrapContext("access", id));
          return dataKey;
        },
      };
    },

    /**
     * Ends the grant of an access or refresh token (RFC 7009 section 2.1). Does nothing when the token is unknown or
     * belongs to another client than `clientId`.
     */
    async revoke(token: string, clientId: string | undefined): Promise<void> {
      const row = await db
        .select({
          grantId: tokens.grantId,
          clientId: grants.clientId,
          kind: tokens.kind,
          wrappedKey: tokens.wrappedKey,
        })
        .from(tokens)
        .innerJoin(grants, eq(grants.id, tokens.grantId))
        .where(eq(tokens.hash, hashSecret(token)))
        .get();
      if (!row || (clientId !== undefined && row.clientId !== clientId)) return;
      await end(row.grantId, "revoked", findDataKey(row, token));
    },

    /** Deletes expired grants, tokens and requests; start.ts calls it on a timer. */
    async sweep(): Promise<void> {
      const now = clock.now();
      const expired = await db.select({ id: grants.id }).from(grants).where(lte(grants.expiresAt, now)).all();
      for (const { id } of expired) await end(id, "expired");
      await db.delete(tokens).where(lte(tokens.expiresAt, now)).run();
      await db.delete(authorizationRequests).where(lte(authorizationRequests.expiresAt, now)).run();
      // Repeats a purge that failed because a reader was active.
      await db.purge();
    },
  };
}
