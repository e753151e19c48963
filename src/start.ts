/** Opens everything, listens, and returns stop(), which closes it in reverse order. */
import { chmodSync, mkdirSync } from "node:fs";
import { type Assembled, assemble, type Loosened } from "./assemble.ts";
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
  /** PUBLIC_URL, or the local address with the port that was really taken. */
  url: string;
  port: number;
  /** What a person types into Claude. */
  client: StaticClient;
  /** Refuses new calls, ends streams, lets running calls end (10 s), logs out, closes the database. */
  stop(): Promise<void>;
};

export type StartOptions = Loosened & { log: Log; clock?: Clock };

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
  { log, clock = systemClock, ...loosened }: StartOptions,
): Promise<Product> {
  const closers: (() => void | Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.toReversed()) await closer();
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
    const publicUrl = config.port === 0 ? config.publicUrl.replace(/:0$/, `:${port}`) : config.publicUrl;
    const rooms = assemble({ config: { ...config, publicUrl }, client, db, secrets, clock, log }, loosened);
    server.reload({ fetch: (request, bun) => rooms.app.fetch(request, { server: bun }) });
    closers.push(keepHouse(rooms));

    return {
      url: publicUrl,
      port,
      client,
      async stop() {
        await rooms.finish(graceMs);
        await Promise.race([server.stop(), Bun.sleep(lastAnswersMs)]);
        await rooms.logOut();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is done by the clock; call what it returns to end it. */
function keepHouse(rooms: Assembled): () => void {
  // A full disk can make even deleting fail; the next round may find room again.
  const tried = (event: string, work: () => void) => () => {
    try {
      work();
    } catch (error) {
      rooms.log.error(event, { error: toErrorFields(error) });
    }
  };
  const sweep = tried("sweep_failed", rooms.sweep);
  sweep();
  const timers = [
    setInterval(sweep, sweepEveryMs),
    setInterval(tried("look_failed", rooms.closeExternallyRevoked), lookEveryMs),
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
      // Otherwise Bun answers its own faults with a page that shows code.
      development: false,
      // Said because `development: false` changes its default: a taken port must be a failure.
      reusePort: false,
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
