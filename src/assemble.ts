/** Makes every room of the product and hands each what it uses. Opens no file and no port. */
import { createAccountConnector } from "./accounts/account-connector.ts";
import { createVault } from "./accounts/vault.ts";
import { createApp } from "./app.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import { writeKeyCheck } from "./db/key-check.ts";
import type { Database } from "./db/open.ts";
import { createDocumentReader } from "./documents/sandbox.ts";
import { createLimits, type LimitOptions } from "./http/rate-limit.ts";
import type { ImapDeadlines } from "./imap/connect.ts";
import { createConnections } from "./imap/connections.ts";
import { createSendLog, sendLimits } from "./ledger/send-log.ts";
import { createUndoLog } from "./ledger/undo-log.ts";
import { createDownloads } from "./links/downloads.ts";
import { createLinks } from "./links/links.ts";
import { createUploads } from "./links/uploads.ts";
import type { Log } from "./log.ts";
import { createCalls } from "./mcp/calls.ts";
import type { Exchange } from "./mcp/exchange.ts";
import type { ServerDeps } from "./mcp/server.ts";
import { createSessions } from "./mcp/sessions.ts";
import { createStreams } from "./mcp/streams.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createGrants } from "./oauth/grants.ts";
import { toWrapContext } from "./oauth/wrap-context.ts";
import { createOutbound, type Outbound } from "./outbound.ts";
import { createDiscover } from "./providers/discover.ts";
import { presets } from "./providers/presets.ts";
import { newToken, type Secrets } from "./secrets.ts";
import type { SmtpDeadlines } from "./smtp/connect.ts";
import { createSubmissions } from "./smtp/submissions.ts";
import type { StaticClient } from "./static-client.ts";
import { createFence } from "./tools/fence.ts";

/** `rates`, `concurrency` and `deadlines` are the product's own unless a test makes them shorter. */
export type Loosened = {
  rates?: LimitOptions["rates"];
  concurrency?: LimitOptions["concurrency"];
  deadlines?: { callMs?: number; imap?: ImapDeadlines; smtp?: SmtpDeadlines };
  /** Another way out than the real one: a test's names lead to a test's servers. */
  outbound?: Outbound;
};

type Ground = {
  config: Config;
  client: StaticClient;
  db: Database;
  secrets: Secrets;
  clock: Clock;
  log: Log;
};

export type Assembled = ReturnType<typeof assemble>;

export function assemble(ground: Ground, loosened: Loosened = {}) {
  const { config, client, db, secrets, clock } = ground;
  const metrics = createMetrics();
  const log = metrics.watch(ground.log);
  const limits = createLimits({
    clock,
    hash: (value) => secrets.keyedHash("limit", value),
    rates: { call: toRate(config.callsPerMinute), ...loosened.rates },
    ...(loosened.concurrency ? { concurrency: loosened.concurrency } : {}),
  });
  const outbound = loosened.outbound ?? createOutbound({ allowPrivateHosts: config.allowPrivateHosts });
  const doors = createDoors({ outbound, metrics, deadlines: loosened.deadlines ?? {} });
  const connections = createConnections({
    open: doors.openImap,
    clock,
    limits: { total: config.imapConnections },
  });
  const submissions = createSubmissions({ open: doors.openSmtp });
  const vault = createVault({ db, connections, submissions, documents: createDocumentReader(), clock });

  const streams = createStreams({ clock });
  const callMs = loosened.deadlines?.callMs;
  const calls = createCalls(callMs === undefined ? {} : { deadlineMs: callMs });
  metrics.gauge("imap_connections", "IMAP connections open now.", () => connections.count());
  metrics.gauge("streams", "Event streams open now.", () => streams.count());
  metrics.gauge("running_calls", "Tool calls running now.", () => calls.count());

  const grants = createGrants({
    db,
    secrets,
    clock,
    config,
    log,
    onEnd(grantId) {
      for (const room of [calls, streams, connections, submissions]) room.closeGrant(grantId);
    },
  });
  const connector = createAccountConnector({
    config,
    limits,
    discover: createDiscover({ outbound }),
    proveImap: doors.proveImap,
    proveSmtp: doors.proveSmtp,
    vetOpened: outbound.vetOpened,
  });
  const memory = createMemory(ground, vault);
  const sessions = createSessions({ db, clock, idleMs: config.sessionIdleSeconds * 1000 });
  const loadExchange = createExchangeLoader({
    config,
    services: { providers: presets },
    forGrant: memory.forGrant,
    vault,
    calls,
    limits,
    newFence: () => createFence(newToken(4)),
    log,
  });
  const app = createApp({
    config,
    log,
    grants,
    oauth: { config, grants, vault, connector, secrets, client, db, clock, log, limits },
    links: { uploads: memory.uploads, downloads: memory.downloads, config, limits },
    mcp: { sessions, streams, calls, loadExchange, limits },
    operator: {
      metrics,
      metricsToken: config.metricsToken,
      checkWritable: () => writeKeyCheck(db, secrets),
      trustedProxies: config.trustedProxies,
      secrets,
      clock,
    },
  });

  return {
    app,
    log,

    /** Deletes what is over, in every room. */
    sweep(): void {
      grants.sweep();
      memory.sweep();
    },

    /** Closes what is still open of grants that another process ended. */
    closeExternallyRevoked: grants.closeExternallyRevoked,

    /** Takes no new call, ends the streams, and resolves when the running calls have ended or `graceMs` are over. */
    async finish(graceMs: number): Promise<void> {
      const idle = calls.close(graceMs);
      streams.close();
      await idle;
    },

    /** Leaves every mail server. */
    async logOut(): Promise<void> {
      await Promise.all([connections.close(), submissions.close()]);
    },
  };
}

/** So many at once, and as many a minute. */
function toRate(perMinute: number) {
  return { burst: perMinute, everyMs: Math.ceil(60_000 / perMinute) };
}

/** Makes the exchange when the first program comes, so that the door is open sooner. */
function createExchangeLoader(deps: Omit<ServerDeps, "tools">): () => Promise<Exchange> {
  let exchange: Promise<Exchange> | undefined;
  const load = async () => {
    const [mcp, { tools }] = await Promise.all([import("./mcp/exchange.ts"), import("./tools/index.ts")]);
    return mcp.createExchange({ ...deps, tools });
  };
  return () => {
    exchange ??= load().catch((error: unknown) => {
      exchange = undefined;
      throw error;
    });
    return exchange;
  };
}

// Loaded at the first login, for the same reason.
const loadImap = () => import("./imap/connect.ts");
const loadSmtp = () => import("./smtp/connect.ts");
const loadOwnName = () => import("./mail/sending/find-own-name.ts");

/** The ways to mail servers, each login counted. */
function createDoors(deps: {
  outbound: Outbound;
  metrics: Metrics;
  deadlines: { imap?: ImapDeadlines; smtp?: SmtpDeadlines };
}) {
  const { outbound, metrics } = deps;
  const { imap, smtp } = deps.deadlines;
  const toImap = (signal: AbortSignal) => ({ outbound, signal, ...(imap ? { deadlines: imap } : {}) });
  const toSmtp = (signal: AbortSignal) => ({ outbound, signal, ...(smtp ? { deadlines: smtp } : {}) });
  return {
    async openImap(credentials: Credentials, signal: AbortSignal) {
      const { openImap } = await loadImap();
      return metrics.countLogin("imap", openImap(credentials, toImap(signal)));
    },
    async proveImap(
      credentials: Credentials,
      signal: AbortSignal,
      { writes, openedOnly }: { writes: boolean; openedOnly: boolean },
    ) {
      const [{ proveImap }, { createOwnNameFinder }] = await Promise.all([loadImap(), loadOwnName()]);
      const look = writes ? createOwnNameFinder(credentials.address) : undefined;
      const options = toImap(signal);
      const vet = openedOnly ? outbound.vetOpened : outbound.vet;
      const proof = proveImap(credentials, { ...options, outbound: { ...outbound, vet } }, look);
      return metrics.countLogin("imap", proof);
    },
    async openSmtp(credentials: Credentials, signal: AbortSignal) {
      const { openSmtp } = await loadSmtp();
      return metrics.countLogin("smtp", openSmtp(credentials, toSmtp(signal)));
    },
    async proveSmtp(credentials: Credentials, signal: AbortSignal) {
      const { proveSmtp } = await loadSmtp();
      return metrics.countLogin("smtp", proveSmtp(credentials, toSmtp(signal)));
    },
  };
}

/** What is remembered for a while on behalf of a grant: what was sent and changed, uploads, one-time links. */
function createMemory({ config, db, secrets, clock, log }: Ground, vault: ReturnType<typeof createVault>) {
  const limits = { ...sendLimits, perHour: config.sendsPerHour, perDay: config.sendsPerDay };
  const sendLog = createSendLog({ db, clock, log, limits });
  const undoLog = createUndoLog({ db, clock, log });
  const links = createLinks({
    db,
    secrets,
    clock,
    publicUrl: config.publicUrl,
    toWrapContext: (grantId) => toWrapContext("link", grantId),
  });
  const uploads = createUploads({ db, clock, links });
  const downloads = createDownloads({ links, vault });
  return {
    uploads,
    downloads,
    forGrant: (grant: Parameters<typeof sendLog.forGrant>[0]) => ({
      sendLog: sendLog.forGrant(grant),
      undoLog: undoLog.forGrant(grant),
      uploads: uploads.forGrant(grant),
      downloads: downloads.forGrant(grant),
    }),
    sweep(): void {
      for (const room of [sendLog, undoLog, links, uploads]) room.sweep();
    },
  };
}
