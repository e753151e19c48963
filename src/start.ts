/** Starts the product: opens its files, listens, and returns `stop`, which closes everything in reverse order. */
import { chmodSync, mkdirSync } from "node:fs";
import { type Assembled, assemble, type TestOverrides } from "./assemble.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { checkServerKey } from "./db/key-check.ts";
import { openLock } from "./db/lock.ts";
import { openStore } from "./db/open.ts";
import { loadRegistrationKey } from "./db/registration-key.ts";
import { beatEveryMs } from "./db/replicas.ts";
import { loadSharedClient } from "./db/shared-client.ts";
import { StartError } from "./errors.ts";
import { type Certificates, createCertificates } from "./https/certificates.ts";
import { type Challenges, createPlainHttp } from "./https/plain-http.ts";
import { loadKeyRing, readKeyRing } from "./key-ring.ts";
import { createListener, type Listener } from "./listener.ts";
import { type Log, toErrorFields } from "./log.ts";
import { createSecrets, type Secrets } from "./secrets.ts";
import { loadIssuers } from "./signin/issuers.ts";
import { loadStaticClient, type StaticClient } from "./static-client.ts";

export type Product = {
  /** PUBLIC_URL. By default it names localhost and the port in use, also with PORT=0. */
  url: string;
  port: number;
  /** The OAuth client whose id and secret a person enters in Claude. */
  client: StaticClient;
  /** HTTPS=acme: the reason why the first attempt gave no certificate. The server goes on trying. */
  certificateProblem: string | undefined;
  /** Refuses new calls, closes streams, waits up to 10 s for running calls, logs out, closes the database. */
  stop(): Promise<void>;
};

export type StartOptions = TestOverrides & { log: Log; clock?: Clock };

/** An upload of 25 MB with the form around it. Each route has its own, smaller limit. */
const maxRequestBytes = 27_000_000;
/** Time for running calls to end, and after that for their responses to be sent. */
const callGraceMs = 10_000;
const responseGraceMs = 1_000;
const sweepEveryMs = 10 * 60_000;
const pollEveryMs = 500;
const expireEveryMs = 30_000;

/**
 * Throws StartError, whose message says what to do, and leaves existing files as they were. Whatever was opened until
 * then is closed.
 */
export async function start(
  config: Config,
  { log, clock = systemClock, ...overrides }: StartOptions,
): Promise<Product> {
  const closers: (() => void | Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    // Replicas share the database, and nothing on their disks.
    if (config.database === undefined) {
      createDataDir(config.dataDir);
      const lock = openLock(config.dataDir);
      closers.push(() => lock.close());
    } else if (config.ownHttps) createDataDir(config.dataDir);
    const secrets = createSecrets(config.database ? readKeyRing(config, log) : loadKeyRing(config, log));
    const issuers = loadIssuers(config);
    const { db, close: closeDatabase } = await openStore(config);
    closers.push(closeDatabase);
    await checkServerKey(db, secrets);
    const registrationKey = await loadRegistrationKey(db, secrets);
    const client = config.database ? await loadSharedClient(db, secrets, config) : loadStaticClient(config);

    // Listens before the components are created: with PORT=0 the port becomes part of PUBLIC_URL.
    const { host, port: wantedPort } = config;
    const listener = createListener(
      { host, port: wantedPort, maxRequestBytes, setting: "HOST or PORT" },
      { secure: config.ownHttps },
    );
    closers.push(() => listener.close());
    const { port } = listener;
    const publicUrl = wantedPort === 0 ? config.publicUrl.replace(/:0$/, `:${port}`) : config.publicUrl;
    const running = { ...config, publicUrl };
    const certificates = config.ownHttps
      ? openCertificates(running, { secrets, clock, log, listener, closers })
      : undefined;
    const product = assemble(
      {
        config: running,
        client,
        issuers,
        db,
        secrets,
        registrationKey,
        clock,
        log,
        certificateDaysLeft: certificates?.daysLeft,
      },
      overrides,
    );
    await product.beat?.();
    await product.recover();
    // From here on, grants and sessions that end at another replica end here, too.
    await product.closeEndedElsewhere();
    listener.handle((request, server) => product.app.fetch(request, { server }));
    closers.push(await startBackgroundJobs(product));
    if (certificates?.stored) await listener.serveCertificate(certificates.stored);
    await certificates?.start();

    return {
      url: publicUrl,
      port,
      client,
      certificateProblem: certificates?.problem(),
      async stop() {
        certificates?.stop();
        product.leave();
        await Bun.sleep(config.drainMs);
        await product.drain(callGraceMs);
        await Promise.race([listener.stop(), Bun.sleep(responseGraceMs)]);
        await product.logOut();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts the periodic jobs. Returns the function that stops them, and waits for those that run. */
async function startBackgroundJobs(product: Assembled): Promise<() => Promise<void>> {
  const running = new Map<string, Promise<void>>();
  const run = async (event: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      // A full disk can make even deletions fail; the next run may succeed.
      product.log.error(event, { error: toErrorFields(error) });
    } finally {
      running.delete(event);
    }
  };
  /** Runs a job unless its former run goes on. */
  const createJob = (event: string, work: () => Promise<void>) => () => {
    if (!running.has(event)) running.set(event, run(event, work));
  };
  await run("sweep_failed", product.sweep);
  const timers = [
    setInterval(createJob("sweep_failed", product.sweep), sweepEveryMs),
    setInterval(createJob("expiry_failed", product.expireApprovals), expireEveryMs),
    setInterval(createJob("revocation_poll_failed", product.closeEndedElsewhere), pollEveryMs),
  ];
  const { beat, recover } = product;
  if (beat) {
    const settle = async () => {
      await beat();
      await recover();
    };
    timers.push(setInterval(createJob("beat_failed", settle), beatEveryMs));
  }
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(running.values());
  };
}

/** Opens HTTP_PORT for challenges and redirects, and creates what keeps the certificate of `listener` valid. */
function openCertificates(
  config: Config,
  deps: { secrets: Secrets; clock: Clock; log: Log; listener: Listener; closers: (() => void)[] },
): Certificates {
  const { secrets, clock, log, listener, closers } = deps;
  const plain = createListener({
    host: config.host,
    port: config.httpPort,
    maxRequestBytes: 1_024,
    setting: "HTTP_PORT",
  });
  closers.push(() => plain.close());
  const challenges: Challenges = new Map();
  plain.handle(createPlainHttp({ publicUrl: config.publicUrl, challenges }));
  const serve = (certificate: { chain: string; key: string }) => listener.serveCertificate(certificate);
  const certificates = createCertificates({ config, secrets, clock, log, challenges, serve });
  closers.push(() => certificates.stop());
  return certificates;
}

function createDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    chmodSync(dataDir, 0o700);
  } catch (cause) {
    throw new StartError(
      `DATA_DIR: ${dataDir} cannot be created or belongs to another user. Make it writable for this user.`,
      { cause },
    );
  }
}
