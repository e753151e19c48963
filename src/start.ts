/** Opens everything, listens, and returns stop(), which closes it in reverse order. */
import { chmodSync, mkdirSync } from "node:fs";
import { createConnect } from "./accounts/connect.ts";
import { createVault } from "./accounts/vault.ts";
import { createApp } from "./app.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { checkServerKey, writeKeyCheck } from "./db/key-check.ts";
import { openLock } from "./db/lock.ts";
import { openDatabase } from "./db/open.ts";
import { createDocumentReader } from "./documents/reader.ts";
import { StartError } from "./errors.ts";
import { createLimits, type LimitOptions } from "./http/rate-limit.ts";
import { loadKeyRing } from "./key-ring.ts";
import { createJournal } from "./ledger/journal.ts";
import { createSends, sendLimits } from "./ledger/sends.ts";
import { createDownloads } from "./links/downloads.ts";
import { createLinks } from "./links/links.ts";
import { createUploads } from "./links/uploads.ts";
import { type Log, toErrorFields } from "./log.ts";
import { createConnections } from "./mail/connections.ts";
import { type ImapDeadlines, openImap, proveImap } from "./mail/imap.ts";
import { openSmtp, proveSmtp, type SmtpDeadlines } from "./mail/smtp.ts";
import { createSubmissions } from "./mail/submissions.ts";
import { createCalls } from "./mcp/calls.ts";
import { createServerFactory } from "./mcp/server.ts";
import { createSessions } from "./mcp/sessions.ts";
import { createStreams } from "./mcp/streams.ts";
import { createMetrics } from "./metrics.ts";
import { toWrapContext } from "./oauth/grant.ts";
import { createGrants } from "./oauth/grants.ts";
import { createOutbound, type Outbound } from "./outbound.ts";
import { createDiscover } from "./providers/discover.ts";
import { presets } from "./providers/presets.ts";
import { createSecrets, newToken } from "./secrets.ts";
import { loadStaticClient, type StaticClient } from "./static-client.ts";
import { createFence } from "./tools/fence.ts";
import { tools } from "./tools/index.ts";

export type Product = {
  /** PUBLIC_URL, or the local address with the port that was really taken. */
  url: string;
  port: number;
  /** What a person types into Claude. */
  client: StaticClient;
  /** Refuses new calls, ends streams, lets running calls end (10 s), logs out, closes the database. */
  stop(): Promise<void>;
};

/** `rates`, `gates` and `deadlines` are the product's own unless a test makes them shorter. */
export type StartOptions = {
  log: Log;
  clock?: Clock;
  rates?: LimitOptions["rates"];
  gates?: LimitOptions["gates"];
  deadlines?: { callMs?: number; imap?: ImapDeadlines; smtp?: SmtpDeadlines };
  /** Another way out than the real one: a test's names lead to a test's servers. */
  outbound?: Outbound;
};

/** Room for an upload of 25 MB and its form around it; each route has its own, smaller limit. */
const maxRequestBytes = 27_000_000;
/** How long running calls get to end, and then the answers to leave. */
const graceMs = 10_000;
const lastAnswersMs = 1_000;
const sweepEveryMs = 10 * 60_000;
const lookEveryMs = 500;

/** Throws StartError, with the line that says what to do, before it has changed anything it should not. */
export async function start(
  config: Config,
  { log, clock = systemClock, rates, gates, deadlines = {}, ...options }: StartOptions,
): Promise<Product> {
  const closers: (() => void | Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.reverse()) await closer();
  };
  try {
    makeDataDir(config.dataDir);
    const lock = openLock(config.dataDir);
    closers.push(() => lock.close());
    const secrets = createSecrets(loadKeyRing(config, log));
    const client = loadStaticClient(config);
    const { db, close: closeDatabase } = openDatabase({ dataDir: config.dataDir });
    closers.push(closeDatabase);
    checkServerKey(db, secrets);

    // The port is taken before the rooms are made: with PORT=0 it is a part of PUBLIC_URL, known only now.
    const server = listen(config);
    closers.push(() => server.stop(true));
    const port = server.port ?? config.port;
    const settled: Config =
      config.port === 0 ? { ...config, publicUrl: config.publicUrl.replace(/:0$/, `:${port}`) } : config;

    const metrics = createMetrics();
    const watched = metrics.watch(log);
    const limits = createLimits({
      clock,
      hash: (value) => secrets.keyedHash("limit", value),
      rates: {
        call: { burst: config.callsPerMinute, everyMs: Math.ceil(60_000 / config.callsPerMinute) },
        ...rates,
      },
      ...(gates ? { gates } : {}),
    });
    const outbound = options.outbound ?? createOutbound({ allowPrivateHosts: config.allowPrivateHosts });
    const toImap = (signal: AbortSignal) => ({
      ...{ outbound, signal },
      ...(deadlines.imap ? { deadlines: deadlines.imap } : {}),
    });
    const toSmtp = (signal: AbortSignal) => ({
      ...{ outbound, signal },
      ...(deadlines.smtp ? { deadlines: deadlines.smtp } : {}),
    });
    const connections = createConnections({
      open: (credentials, signal) => metrics.countLogin("imap", openImap(credentials, toImap(signal))),
      clock,
      limits: { total: config.imapConnections },
    });
    const submissions = createSubmissions({
      open: (credentials, signal) => metrics.countLogin("smtp", openSmtp(credentials, toSmtp(signal))),
    });
    const sends = createSends({
      db,
      secrets,
      clock,
      limits: { ...sendLimits, perHour: config.sendsPerHour, perDay: config.sendsPerDay },
    });
    const journal = createJournal({ db, clock });
    const links = createLinks({
      db,
      secrets,
      clock,
      publicUrl: settled.publicUrl,
      toWrapContext: (grantId) => toWrapContext("link", grantId),
    });
    const uploads = createUploads({ db, clock, links });
    const streams = createStreams({ clock });
    const calls = createCalls(deadlines.callMs === undefined ? {} : { deadlineMs: deadlines.callMs });
    const vault = createVault({
      db,
      connections,
      submissions,
      documents: createDocumentReader(),
      clock,
    });
    const downloads = createDownloads({ links, vault });
    metrics.gauge("imap_connections", "IMAP connections open now.", () => connections.count());
    metrics.gauge("streams", "Event streams open now.", () => streams.count());
    metrics.gauge("running_calls", "Tool calls running now.", () => calls.count());
    const grants = createGrants({
      db,
      secrets,
      clock,
      config: settled,
      log: watched,
      onEnd(grantId) {
        calls.closeGrant(grantId);
        streams.closeGrant(grantId);
        connections.closeGrant(grantId);
        submissions.closeGrant(grantId);
      },
    });
    const discover = createDiscover({ outbound });
    const connect = createConnect({
      config: settled,
      discover,
      limits,
      proveImap: (credentials, signal) => metrics.countLogin("imap", proveImap(credentials, toImap(signal))),
      proveSmtp: (credentials, signal) => metrics.countLogin("smtp", proveSmtp(credentials, toSmtp(signal))),
    });
    const sessions = createSessions({ db, clock, idleMs: config.sessionIdleSeconds * 1000 });
    const createServer = createServerFactory({
      config: settled,
      tools,
      services: { providers: presets },
      forGrant: (grant) => ({
        sends: sends.forGrant(grant),
        journal: journal.forGrant(grant),
        uploads: uploads.forGrant(grant),
        downloads: downloads.forGrant(grant),
      }),
      vault,
      calls,
      limits,
      newFence: () => createFence(newToken(4)),
      log: watched,
    });
    const app = createApp({
      config: settled,
      log: watched,
      grants,
      oauth: { config: settled, grants, vault, connect, secrets, client, db, clock, log: watched, limits },
      links: { uploads, downloads, config: settled, limits },
      mcp: { sessions, streams, calls, createServer, tools, limits },
      operator: {
        metrics,
        metricsToken: config.metricsToken,
        proveWritable: () => writeKeyCheck(db, secrets),
        trustedProxies: config.trustedProxies,
        secrets,
        clock,
      },
    });
    server.reload({ fetch: (request, bun) => app.fetch(request, { server: bun }) });

    // A full disk can make even deleting fail; the next round may find room again.
    const sweepAll = () => {
      try {
        for (const room of [grants, sends, journal, links, uploads]) room.sweep();
      } catch (error) {
        watched.error("sweep_failed", { error: toErrorFields(error) });
      }
    };
    sweepAll();
    const sweep = setInterval(sweepAll, sweepEveryMs);
    const look = setInterval(() => grants.closeEndedElsewhere(), lookEveryMs);
    closers.push(() => {
      clearInterval(sweep);
      clearInterval(look);
    });
    return {
      url: settled.publicUrl,
      port,
      client,
      async stop() {
        // New calls are refused from here on; streams would hold the server open for ever.
        const idle = calls.close(graceMs);
        streams.close();
        await idle;
        await Promise.race([server.stop(), Bun.sleep(lastAnswersMs)]);
        await Promise.all([connections.close(), submissions.close()]);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function listen(config: Config): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: config.host,
      port: config.port,
      maxRequestBodySize: maxRequestBytes,
      idleTimeout: 10,
      // Otherwise Bun answers its own faults with a page that shows code.
      development: false,
      fetch: () => new Response(null, { status: 503, headers: { "Retry-After": "1" } }),
    });
  } catch (cause) {
    throw new StartError(
      `Cannot listen on ${config.host}:${config.port}: it is taken or not allowed. Set HOST or PORT.`,
      {
        cause,
      },
    );
  }
}

function makeDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    chmodSync(dataDir, 0o700);
  } catch (cause) {
    throw new StartError(
      `DATA_DIR: ${dataDir} cannot be made or is not ours. Make it writable for this user.`,
      { cause },
    );
  }
}
