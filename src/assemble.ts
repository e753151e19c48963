/** Creates every component of the product and passes each its dependencies. Opens no file and no port. */

import { createAccessTokens } from "./accounts/access-tokens.ts";
import { createAccountConnector } from "./accounts/account-connector.ts";
import { createFailedGuesses } from "./accounts/failed-guesses.ts";
import { createSignInConnector } from "./accounts/sign-in-connector.ts";
import { createVault } from "./accounts/vault.ts";
import { createApp } from "./app.ts";
import { answerProof } from "./approvals/answer-proof.ts";
import { createApprovals } from "./approvals/approvals.ts";
import { createCards } from "./approvals/cards.ts";
import { createHeldActions } from "./approvals/held-actions.ts";
import { createIssuerProof } from "./approvals/issuer-proof.ts";
import { createKnownRecipients } from "./approvals/known-recipients.ts";
import { createPersonAccess } from "./approvals/person-access.ts";
import { createServerMemoryGuard } from "./child-process/memory-guard.ts";
import { createChildPool, renderCommand } from "./child-process/pool.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Database } from "./db/database.ts";
import { writeKeyCheck } from "./db/key-check.ts";
import { createSharedRates } from "./db/shared-rates.ts";
import { createDocumentReader } from "./documents/sandbox.ts";
import { createBrowserBinding } from "./http/browser-binding.ts";
import { createLimits, type LimitOptions, type Limits } from "./http/rate-limit.ts";
import type { ImapDeadlines } from "./imap/connect.ts";
import { toConnectionLimits } from "./imap/connection-limits.ts";
import { createConnections } from "./imap/connections.ts";
import { createSendLog, sendLimits } from "./ledger/send-log.ts";
import { createUndoLog } from "./ledger/undo-log.ts";
import { createUnfinishedLog } from "./ledger/unfinished-log.ts";
import { createDownloads } from "./links/downloads.ts";
import { createLinks } from "./links/links.ts";
import { createUploads } from "./links/uploads.ts";
import type { Log } from "./log.ts";
import { createMailLogins } from "./mail-logins.ts";
import { applySignal } from "./mcp/apply-signal.ts";
import { createCalls } from "./mcp/calls.ts";
import { createExchangeLoader } from "./mcp/exchange-loader.ts";
import { createSessions } from "./mcp/sessions.ts";
import { createStreams } from "./mcp/streams.ts";
import { createWarmUp } from "./mcp/warm-up.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createAccountExtension } from "./oauth/account-extension.ts";
import { createCallCounts } from "./oauth/call-counts.ts";
import { createGrants } from "./oauth/grants.ts";
import { toWrapContext } from "./oauth/wrap-context.ts";
import { createOneClick } from "./outbound/one-click.ts";
import { createOutbound, type Outbound } from "./outbound/outbound.ts";
import { cardPage } from "./pages/card.ts";
import { createDiscover } from "./providers/discover.ts";
import { newToken, type Secrets } from "./secrets.ts";
import { createSignInFlow } from "./signin/flow.ts";
import type { Issuer } from "./signin/issuer.ts";
import { toKnownProviders } from "./signin/known-providers.ts";
import { createLazyUpstream } from "./signin/lazy-upstream.ts";
import { createSignIns } from "./signin/sign-ins.ts";
import type { SmtpDeadlines } from "./smtp/connect.ts";
import { createSubmissions } from "./smtp/submissions.ts";
import type { StaticClient } from "./static-client.ts";
import { createFence } from "./tools/fence.ts";
import { createSelections } from "./tools/selections.ts";

/** Settings that only tests change. The product's own values are the defaults. */
export type TestOverrides = {
  rates?: LimitOptions["rates"];
  concurrency?: LimitOptions["concurrency"];
  deadlines?: { callMs?: number; loginPlaceMs?: number; imap?: ImapDeadlines; smtp?: SmtpDeadlines };
  /** Replaces name resolution and connections, so that a test's host names lead to its own servers. */
  outbound?: Outbound;
};

/** Components that are opened before the others and outlive them. */
type Infrastructure = {
  config: Config;
  client: StaticClient;
  /** The issuers at which people may sign in to a mailbox. */
  issuers: readonly Issuer[];
  db: Database;
  secrets: Secrets;
  /** The key that client registrations are sealed with. */
  registrationKey: Uint8Array;
  clock: Clock;
  log: Log;
  /** Whole days until the own certificate expires; undefined behind a proxy. */
  certificateDaysLeft?: () => number;
};

export type Assembled = ReturnType<typeof assemble>;

export function assemble(infrastructure: Infrastructure, overrides: TestOverrides = {}) {
  const { config, client, issuers, db, secrets, registrationKey, clock } = infrastructure;
  const metrics = createMetrics();
  const callCounts = createCallCounts({ db, clock });
  const log = callCounts.watch(metrics.watch(infrastructure.log));
  const hash = (value: string) => secrets.keyedHash("limit", value);
  const sharedRates = db.replica.isShared ? createSharedRates({ db, hash }) : undefined;
  const limits = createLimits({
    clock,
    hash,
    toStore: sharedRates?.toStore,
    rates: { call: toRate(config.callsPerMinute), ...overrides.rates },
    concurrency: overrides.concurrency,
    loginPlaceMs: overrides.deadlines?.loginPlaceMs,
  });
  const mail = createMailAccess(infrastructure, { overrides, metrics, log });
  const { connections, submissions, vault } = mail;
  const streams = createStreams({ clock });
  const calls = createCalls({ deadlineMs: overrides.deadlines?.callMs });
  metrics.gauge("imap_connections", "IMAP connections open now.", () => connections.count());
  metrics.gauge("streams", "Event streams open now.", () => streams.count());
  if (infrastructure.certificateDaysLeft)
    metrics.gauge(
      "certificate_days_left",
      "Whole days until the certificate of HTTPS=acme expires; 0 without one.",
      infrastructure.certificateDaysLeft,
    );
  metrics.gauge("running_calls", "Tool calls running now.", () => calls.count());

  let isDraining = false;
  const closeGrant = (grantId: string): void => {
    for (const component of [calls, streams, connections, submissions, mail.accessTokens])
      component.closeGrant(grantId);
  };
  const grants = createGrants({
    db,
    secrets,
    clock,
    config,
    log,
    onRevoke: vault.revokeSignIns,
    onEnd: closeGrant,
  });
  db.signals.listen((signal) => applySignal(signal, { closeGrant, sessions, streams, calls }));
  const connector = createAccountConnector({
    config,
    limits,
    failedGuesses: createFailedGuesses({ clock, hash }),
    discover: createDiscover({ outbound: mail.outbound }),
    proveImap: mail.logins.proveImap,
    proveSmtp: mail.logins.proveSmtp,
    vetOpened: mail.outbound.vetOpened,
    readCertificate: mail.logins.readCertificate,
  });
  const signIn = createSignIn(infrastructure, { mail, limits });
  const stores = createGrantStores(infrastructure, vault);
  const sessions = createSessions({ db, clock, idleMs: config.sessionIdleSeconds * 1000 });
  const oneClick = createOneClick({ outbound: mail.outbound });
  const person = createPersonAccess({
    ...{ config, db, secrets, clock, limits, log, calls, vault },
    approvals: stores.approvals,
    recipients: stores.recipients,
    stores: stores.forGrant,
    oneClick,
    onDecided: streams.notifyDecided,
    proveImap: mail.logins.proveImap,
    toWrapContext: (grantId) => toWrapContext("connection", grantId),
  });
  const cards = createCards({
    approvals: stores.approvals,
    decide: person.decide,
    ...{ vault, config, clock },
  });
  const loadExchange = createExchangeLoader({
    config,
    services: { providers: toKnownProviders(issuers), oneClick },
    forGrant: (grant, repeated) => ({
      ...stores.forGrant(grant, repeated),
      card: { decide: (request) => cards.decide(grant, request) },
    }),
    card: { toHtml: cardPage, describe: cards.describe },
    vault,
    calls,
    limits,
    newFence: () => createFence(newToken(8)),
    log,
  });
  const warmUp = createWarmUp({
    clock,
    open: config.warmUp
      ? (grant, signal) =>
          vault.withAccounts(grant, signal, async (accounts) => {
            await Promise.all(accounts.map((account) => account.connect()));
          })
      : undefined,
  });
  const rememberBrowser = person.cookies.set;
  const hideMailboxes = person.privacy.hide;
  const approvals = {
    ...person,
    ...{ vault, config, limits, clock, access: grants.access },
    issuerProof: createIssuerProof({
      ...{ ...signIn.routes, vault, config, proofs: person.proofs },
      browsers: createBrowserBinding({ config }),
    }),
    approvals: stores.approvals,
    stores: stores.forGrant,
    onToolsChanged(grantId: string) {
      streams.notifyToolsChanged(grantId);
      db.signals.send({ topic: "tools_changed", subject: grantId }).catch(() => {});
    },
    addAccount: createAccountExtension({
      ...{ config, issuers, vault, secrets, clock },
      authorizationFlow: grants.authorizationFlow,
      passkeys: person.passkeys,
    }),
  };
  const app = createApp({
    config,
    log,
    grants,
    oauth: {
      ...{
        config,
        grants,
        vault,
        connector,
        secrets,
        client,
        registrationKey,
        clock,
        log,
        limits,
        rememberBrowser,
        hideMailboxes,
        passkeys: person.passkeys,
      },
      ...signIn.routes,
      answerProof: (c, arrival) => answerProof(c, approvals, arrival),
    },
    approvals,
    links: { uploads: stores.uploads, downloads: stores.downloads, config, limits },
    mcp: {
      ...{ sessions, streams, calls, loadExchange, limits, warmUp },
      cancelElsewhere: (subject) => db.signals.send({ topic: "call_cancelled", subject }),
    },
    operator: {
      metrics,
      metricsToken: config.metricsToken,
      checkWritable: () => writeKeyCheck(db, secrets),
      isDraining: () => isDraining,
      trustedProxies: config.trustedProxies,
      secrets,
      clock,
    },
  });

  return {
    app,
    log,

    /** Deletes expired rows of all components. */
    async sweep(): Promise<void> {
      await grants.sweep();
      await stores.sweep();
      await callCounts.write();
      await person.sweep();
      await signIn.sweep();
      await db.signals.sweep();
      await sharedRates?.sweep(clock.now());
    },

    /** Writes that this replica lives; undefined where one process serves alone. */
    beat: db.replica.isShared ? () => db.replica.beat(db) : undefined,

    /** Marks the sends and decisions that a process left unfinished which is no more. Comes before the first request. */
    async recover(): Promise<void> {
      await stores.sendLog.markInterrupted();
      await stores.approvals.markInterrupted();
    },

    /** Ends the approvals that waited for too long. */
    expireApprovals: stores.approvals.expire,

    /** Closes what other processes have ended: the connections, streams and calls of grants, sessions, calls. */
    async closeEndedElsewhere(): Promise<void> {
      await grants.closeExternallyRevoked();
      await db.signals.poll();
    },

    /** Answers /ready with 503 from now on, so that a balancer sends no further requests. */
    leave(): void {
      isDraining = true;
    },

    /** Refuses new calls, closes event streams, and resolves once running calls end or `graceMs` has passed. */
    async drain(graceMs: number): Promise<void> {
      const idle = calls.close(graceMs);
      streams.close();
      await idle;
      await callCounts.write();
    },

    /** Logs out of all mail servers, and ends the processes that render. */
    async logOut(): Promise<void> {
      await Promise.all([connections.close(), submissions.close()]);
      mail.children.close();
    },
  };
}

/** The connections to mail servers, and the vault that opens accounts with them. */
function createMailAccess(
  { config, issuers, db, clock }: Infrastructure,
  { overrides, metrics, log }: { overrides: TestOverrides; metrics: Metrics; log: Log },
) {
  const outbound =
    overrides.outbound ?? createOutbound({ allowPrivateHosts: config.allowPrivateHosts, clock });
  const logins = createMailLogins({ outbound, metrics, log, deadlines: overrides.deadlines ?? {} });
  const connections = createConnections({
    open: logins.openImap,
    clock,
    limits: toConnectionLimits(config.imapConnections),
  });
  const submissions = createSubmissions({ open: logins.openSmtp, clock });
  const guard = createServerMemoryGuard();
  const children = createChildPool(renderCommand, { guard });
  const documents = createDocumentReader({ guard });
  const unfinished = createUnfinishedLog({ db, clock, log });
  const upstream = createLazyUpstream({ clock });
  const accessTokens = createAccessTokens({ issuers, upstream, clock, log });
  const vault = createVault({
    ...{ db, connections, submissions, accessTokens, children, documents, clock },
    unfinishedOf: unfinished.forAccount,
  });
  return { outbound, logins, connections, submissions, upstream, accessTokens, children, vault };
}

/** Signing in at the issuers of the settings. */
function createSignIn(
  { config, issuers, db, secrets, clock }: Infrastructure,
  { mail, limits }: { mail: ReturnType<typeof createMailAccess>; limits: Limits },
) {
  const { proveImap, proveSmtp } = mail.logins;
  const signIns = createSignIns({ db, secrets, clock });
  const { publicUrl } = config;
  return {
    sweep: signIns.sweep,
    routes: {
      issuers,
      signInFlow: createSignInFlow({ issuers, signIns, upstream: mail.upstream, publicUrl }),
      signInConnector: createSignInConnector({ config, limits, proveImap, proveSmtp }),
    },
  };
}

/** Allows one minute's calls at once, and as many in each minute after that. */
function toRate(perMinute: number) {
  return { burst: perMinute, everyMs: Math.ceil(60_000 / perMinute) };
}

/** The stores of a grant's data: what was sent and changed, uploads, one-time links. */
function createGrantStores(
  { config, db, secrets, clock, log }: Infrastructure,
  vault: ReturnType<typeof createVault>,
) {
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
  const approvals = createApprovals({
    db,
    secrets,
    clock,
    publicUrl: config.publicUrl,
    maxTotalBytes: config.approvalsMaxMb * 1_000_000,
    toWrapContext: (grantId) => toWrapContext("approval", grantId),
  });
  const recipients = createKnownRecipients({ db, clock });
  const heldActions = createHeldActions({ approvals, recipients });
  return {
    sendLog,
    uploads,
    downloads,
    approvals,
    recipients,
    forGrant: (grant: Parameters<typeof sendLog.forGrant>[0], repeated?: string) => ({
      sendLog: sendLog.forGrant(grant),
      undoLog: undoLog.forGrant(grant),
      uploads: uploads.forGrant(grant),
      downloads: downloads.forGrant(grant),
      selections: createSelections({ grant, clock }),
      approvals: heldActions.forGrant(grant, repeated),
    }),
    async sweep(): Promise<void> {
      for (const store of [sendLog, undoLog, links, uploads, approvals, recipients]) await store.sweep();
    },
  };
}
