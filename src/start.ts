/** Starts the product: opens its files, listens, and returns `stop`, which closes everything in reverse order. */
import { chmodSync, mkdirSync } from "node:fs";
import { type Assembled, assemble, type TestOverrides } from "./assemble.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { checkServerKey } from "./db/key-check.ts";
import { openLock } from "./db/lock.ts";
import { openDatabase } from "./db/open.ts";
import { StartError } from "./errors.ts";
import { loadKeyRing } from "./key-ring.ts";
import { type Log, toErrorFields } from "./log.ts";
import { createSecrets } from "./secrets.ts";
import { loadStaticClient, type StaticClient } from "./static-client.ts";

export type Product = {
  /** PUBLIC_URL. By default it names localhost and the port in use, also with PORT=0. */
  url: string;
  port: number;
  /** The OAuth client whose id and secret a person enters in Claude. */
  client: StaticClient;
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
    createDataDir(config.dataDir);
    const lock = openLock(config.dataDir);
    closers.push(() => lock.close());
    const secrets = createSecrets(loadKeyRing(config, log));
    const client = loadStaticClient(config);
    const { db, close: closeDatabase } = openDatabase({ dataDir: config.dataDir });
    closers.push(closeDatabase);
    checkServerKey(db, secrets);

    // Listens before the components are created: with PORT=0 the port becomes part of PUBLIC_URL.
    const server = listen(config);
    closers.push(() => server.stop(true));
    const port = server.port ?? config.port;
    const publicUrl = config.port === 0 ? config.publicUrl.replace(/:0$/, `:${port}`) : config.publicUrl;
    const product = assemble(
      { config: { ...config, publicUrl }, client, db, secrets, clock, log },
      overrides,
    );
    server.reload({ fetch: (request, bun) => product.app.fetch(request, { server: bun }) });
    closers.push(startBackgroundJobs(product));

    return {
      url: publicUrl,
      port,
      client,
      async stop() {
        await product.drain(callGraceMs);
        await Promise.race([server.stop(), Bun.sleep(responseGraceMs)]);
        await product.logOut();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts the periodic jobs and returns the function that stops them. */
function startBackgroundJobs(product: Assembled): () => void {
  // A full disk can make even deletions fail; the next run may succeed.
  const loggingErrors = (event: string, work: () => void) => () => {
    try {
      work();
    } catch (error) {
      product.log.error(event, { error: toErrorFields(error) });
    }
  };
  const sweep = loggingErrors("sweep_failed", product.sweep);
  sweep();
  const timers = [
    setInterval(sweep, sweepEveryMs),
    setInterval(loggingErrors("revocation_poll_failed", product.closeExternallyRevoked), pollEveryMs),
  ];
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

function listen(config: Config): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: config.host,
      port: config.port,
      maxRequestBodySize: maxRequestBytes,
      idleTimeout: 10,
      // In development mode Bun's error page shows source code.
      development: false,
      // Explicit, because `development: false` changes the default: a port in use must be an error.
      reusePort: false,
      fetch: () => new Response(null, { status: 503, headers: { "Retry-After": "1" } }),
    });
  } catch (cause) {
    throw new StartError(
      `Cannot listen on ${config.host}:${config.port}: the port is in use or not permitted. Set HOST or PORT.`,
      { cause },
    );
  }
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
